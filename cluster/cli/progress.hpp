#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "troupe/actors/messages/local.hpp"

namespace troupe::cli {

/// Shows a run on standard error: a live bar on a terminal, elsewhere a line every few seconds.
class progress {
 public:
  explicit progress(bool quiet);

  void show(const report& r);
  void show(const run_event& e);
  /// Takes the bar off the screen.
  void finish();

 private:
  std::string line(const report& r) const;
  void print(const std::string& text);

  const bool quiet_, terminal_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point start_, last_;
  double loss_ = 0, accuracy_ = 0;  // smoothed over the workers' reports
  bool any_ = false, bar_shown_ = false;
};

}  // namespace troupe::cli
