#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace troupe::testing {

/// How a process ended, and what it wrote.
struct outcome {
  int status = 0;  ///< exit status; 128 + number where a signal ended it
  std::string out, err;
};

struct process_options {
  std::string folder;     ///< current directory; "": the test's own
  bool terminal = false;  ///< standard error is a terminal
  int columns = 80;       ///< of the terminal
  long largest_file = 0;  ///< bytes after which writing a file fails, as on a full disk; 0: any
  bool ignores_hangup = false;  ///< as under nohup
  std::string out_file = {};    ///< where standard output goes; "": into outcome::out
};

/// A running `troupe`, with its output collected. Killed and reaped when this goes out of scope.
class process {
 public:
  explicit process(const std::vector<std::string>& arguments, const process_options& options = {});
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  void signal(int number) const;
  /// Reads until standard error has this text. \returns false where the process ended before.
  bool wait_for(const std::string& text);
  /// Whether the process has ended; collects what it wrote so far, for a few milliseconds.
  bool ended();
  /// \throws std::runtime_error where the process does not end in time (it is killed then).
  outcome wait();

 private:
  bool read_some(std::chrono::milliseconds patience);
  void check_time() const;
  void reap();

  pid_t id_ = -1;
  int out_ = -1, err_ = -1;
  bool reaped_ = false;
  outcome outcome_;
  std::chrono::steady_clock::time_point deadline_;
};

/// Starts `troupe` and waits for its end.
outcome run_troupe(const std::vector<std::string>& arguments, const process_options& options = {});

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace troupe::testing
