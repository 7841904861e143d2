#include "troupe/cluster/metrics/event_log.hpp"

#include <fmt/format.h>

#include "troupe/actors/recorder.hpp"

namespace troupe {

void event_log::add(const run_event& e) {
  std::string line = to_line(e);
  const std::lock_guard<std::mutex> lock(mutex_);
  ++counts_[e.name];
  ++all_;
  last_.push_back(std::move(line));
  if (last_.size() > most_kept) last_.pop_front();
}

std::map<std::string, std::uint64_t> event_log::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

std::string event_log::behind(std::uint64_t after) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::uint64_t first = all_ - last_.size();
  // What is asked for behind the last one was of a process before this.
  const std::uint64_t skipped = after > all_ || after < first ? 0 : after - first;
  std::string out = "{\"events\":[";
  for (std::uint64_t i = skipped; i < last_.size(); ++i) {
    out += (i > skipped ? "," : "") + last_[static_cast<std::size_t>(i)];
  }
  return out + fmt::format("],\"next\":{}}}\n", all_);
}

}  // namespace troupe
