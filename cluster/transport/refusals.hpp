#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace troupe {

/// Counts peers that were turned away, and says so: the first of a kind at once, more of them as a
/// number every ten seconds, so that a thousand strangers are no thousand lines. Any thread.
class refusals {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds pause{10};

  explicit refusals(std::function<void(const std::string&)> log) : log_(std::move(log)) {}

  /// "10.0.0.7:4711 was refused: showed no certificate".
  void add(const std::string& peer, const std::string& reason);
  /// Says what has been held back for long enough. \returns whether something still is.
  bool flush(clock::time_point now);
  /// Says what was held back, and nothing from now on: the log may be gone.
  void end();

  std::uint64_t count() const noexcept { return count_; }

 private:
  struct kind {
    clock::time_point said;
    std::uint64_t more = 0;
    std::string last_peer;
  };
  void tell(const std::string& reason, kind& k);

  std::mutex mutex_;
  std::function<void(const std::string&)> log_;
  std::map<std::string, kind> kinds_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace troupe
