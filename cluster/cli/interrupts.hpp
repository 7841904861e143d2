#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "troupe/cluster/train.hpp"

namespace troupe::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a clean stop; a second one ends the process at once. The
/// signals are blocked in every thread made after this and taken by one of its own. One at a time.
class interrupts {
 public:
  /// `first` is called at the first signal, in a thread of this; `said` is written then.
  interrupts(std::function<void()> first, std::string said);
  /// Stops a run.
  interrupts(run_control& control, bool quiet);
  ~interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

  /// Whether there was one: whoever does several things in a row asks between them.
  bool asked() const { return asked_; }

 private:
  sigset_t before_;
  std::atomic<bool> asked_{false}, ended_{false};
  std::thread thread_;
};

}  // namespace troupe::cli
