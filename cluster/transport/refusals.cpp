#include "troupe/cluster/transport/refusals.hpp"

#include <fmt/format.h>

namespace troupe {

namespace {

/// Reasons come from a short list, but some carry words of OpenSSL's: never more than this many.
constexpr std::size_t most_kinds = 64;

}  // namespace

void refusals::add(const std::string& peer, const std::string& reason) {
  ++count_;
  const auto now = clock::now();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!log_) return;
  if (kinds_.size() >= most_kinds && kinds_.count(reason) == 0) return;
  auto [found, first] = kinds_.try_emplace(reason);
  kind& k = found->second;
  if (first || (k.more == 0 && now - k.said >= pause)) {
    k.said = now;
    log_(fmt::format("{} was refused: it {}", peer, reason));
    return;
  }
  ++k.more;
  k.last_peer = peer;
}

void refusals::tell(const std::string& reason, kind& k) {
  log_(fmt::format("{} more refused, {} the last: it {}", k.more, k.last_peer, reason));
  k.more = 0;
}

bool refusals::flush(clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  bool waiting = false;
  for (auto& [reason, k] : kinds_) {
    if (k.more == 0) continue;
    if (now - k.said < pause) {
      waiting = true;
      continue;
    }
    k.said = now;
    tell(reason, k);
  }
  return waiting;
}

void refusals::end() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [reason, k] : kinds_) {
    if (k.more > 0) tell(reason, k);
  }
  log_ = nullptr;
}

}  // namespace troupe
