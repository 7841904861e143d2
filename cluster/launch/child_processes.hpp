#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "troupe/cluster/launch/command_words.hpp"
#include "troupe/cluster/launch/launcher.hpp"

namespace troupe {

/// Programs that this one runs, each in a session of its own: signals of the terminal do not reach
/// them. They inherit the environment, but no descriptors, no ignored and no blocked signals.
class child_processes {
 public:
  /// Whom a signal is sent to. A client (ssh, srun) needs its helpers to take down what it started
  /// elsewhere; anything else is ended with all it has started here.
  enum class target { program, group };

  /// `logs`: folder for what they write. \throws error (run) where it cannot be made.
  child_processes(std::string logs, target signals);
  /// stop(0).
  ~child_processes();
  child_processes(const child_processes&) = delete;
  child_processes& operator=(const child_processes&) = delete;

  /// \throws error (run) where no child can be made. A program that does not start has ended.
  void start(const std::string& name, const command_words& command, const std::string& input);
  std::vector<node_end> ended();
  std::string last_lines(const std::string& name) const;
  void stop(double seconds);

 private:
  struct child {
    std::string name;
    pid_t id;
  };

  std::string log_of(const std::string& name) const { return logs_ + "/" + name + ".log"; }
  void collect();
  bool all_end_within(double seconds);
  void signal_all(int number) const;

  std::string logs_;
  target signals_;
  std::vector<child> running_;
  std::vector<node_end> ends_;                      ///< not reported yet
  std::map<std::string, std::int64_t> log_begins_;  ///< where in its file a child's output begins
};

}  // namespace troupe
