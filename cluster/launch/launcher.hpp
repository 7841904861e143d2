#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/config/job.hpp"

namespace troupe {

/// One node to bring up.
struct node_start {
  node_spec node;
  std::vector<std::string> arguments;  ///< of the troupe command: "node", "--join", ...
  std::string input;                   ///< what it reads from its standard input; 64 KiB at most
};

struct node_end {
  std::string node;
  std::string how;  ///< "exited with status 3", "killed by signal 9 (Killed)", "cannot start: ..."
};

/// Brings nodes up where a job's cluster section says, and down again. For one thread at a time.
class launcher {
 public:
  virtual ~launcher() = default;
  /// Starts a node; does not wait for it. What it writes to its standard output and error goes to
  /// `<logs>/<node>.log`. \throws error (run) where nothing can be started at all: no folder for
  /// logs, no descriptors. A program that cannot be started is a node that has ended.
  virtual void start(const node_start& node) = 0;
  /// Nodes that have ended since the last call. Does not block.
  virtual std::vector<node_end> ended() = 0;
  /// The last lines a node has written, joined by " | "; "" where it wrote none.
  virtual std::string last_lines(const std::string& node) = 0;
  /// Waits up to `seconds` for nodes that were told to leave, then ends those that are left
  /// (SIGTERM, and SIGKILL five seconds later). Called by the destructor with 0.
  virtual void stop(double seconds) = 0;
};

struct launch_options {
  std::string program;  ///< the troupe command here
  std::string logs;     ///< folder for the nodes' output; made where it is missing
  /// What a person has to read (the launcher `manual`).
  std::function<void(const std::string&)> tell;
};

/// The launcher a job names. \throws error (run) where its program (ssh, srun) is not installed.
std::unique_ptr<launcher> make_launcher(const cluster_spec& cluster, launch_options options);

}  // namespace troupe
