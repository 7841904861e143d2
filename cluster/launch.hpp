#pragma once

#include <functional>
#include <string>

#include "troupe/cluster/train.hpp"

namespace troupe {

struct launch_run_options {
  train_options run;
  std::string program;  ///< the troupe command on this machine; "": this process's own
  /// What people should read: where it listens, commands to run by hand, connections refused.
  std::function<void(const std::string&)> tell;
};

/// Gives a job the nodes it runs on: those of its cluster section, whose actors replace those of
/// `actors`; or, where it names none, a local node for the servers and one for each worker.
void settle_nodes(job& of);

/// Trains a job over the nodes of its cluster section: starts them, brings them together, leads the
/// run from this process, and sees to it that they end. Results as of `train`.
/// \throws error (job, data) before anything is started; (run) where a node does not come up.
train_result launch(const job& of, const launch_run_options& options = {},
                    const catalogue& known = catalogue::builtin());

}  // namespace troupe
