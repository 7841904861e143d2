#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "troupe/actors/messages/local.hpp"

namespace troupe {

/// The events of a run since this process leads it: how many of each kind, and the last ones. Any
/// thread.
class event_log {
 public:
  static constexpr std::size_t most_kept = 300;

  void add(const run_event& e);
  std::map<std::string, std::uint64_t> counts() const;
  /// {"events": [...], "next": N}: those kept behind the first `after` ones, as in events.jsonl,
  /// and the `after` of what comes later.
  std::string behind(std::uint64_t after) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
  std::deque<std::string> last_;  // lines
  std::uint64_t all_ = 0;
};

}  // namespace troupe
