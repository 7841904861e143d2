#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
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
  bool ignores_hangup = false;                ///< as under nohup
  std::string out_file = {};                  ///< where standard output goes; "": into outcome::out
  std::string program = {};                   ///< path of the program; "": troupe
  std::string input = {};                     ///< on standard input, at most 64 KiB; then it ends
  std::vector<std::string> environment = {};  ///< "NAME=value", beside the test's own
  long open_files = 0;                        ///< RLIMIT_NOFILE; 0: as the test's own
  int network = -1;                           ///< descriptor of a network namespace to run in
  std::chrono::seconds time_limit{180};       ///< after which it is killed and the test fails
};

/// A running program, with its output collected. Killed and reaped when this goes out of scope.
class process {
 public:
  explicit process(const std::vector<std::string>& arguments, const process_options& options = {});
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  pid_t id() const noexcept { return id_; }
  /// Whether the program runs, or is stopped by a signal. Reads nothing.
  bool alive();
  /// What it has written and we have read so far; its status only after `wait`.
  const outcome& so_far() const noexcept { return outcome_; }
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
  void keep_status(int status);
  void reap();

  pid_t id_ = -1;
  int out_ = -1, err_ = -1;
  bool reaped_ = false;
  outcome outcome_;
  std::chrono::steady_clock::time_point deadline_;
};

// What /proc knows of a process; nothing where there is none.

/// Bytes of memory it holds (VmRSS).
std::size_t resident_bytes(pid_t id);
/// How many descriptors it has open.
std::size_t open_descriptors(pid_t id);
struct address_and_port {
  std::string address;  ///< "0.0.0.0" for an IPv6 socket that takes any
  std::uint16_t port = 0;
};
/// Where it listens for TCP connections, in its own network.
std::vector<address_and_port> listening(pid_t id);

/// Starts `troupe` and waits for its end.
outcome run_troupe(const std::vector<std::string>& arguments, const process_options& options = {});

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace troupe::testing
