#pragma once

#include <memory>
#include <string>

#include "cluster/daemons.hpp"
#include "cluster/workspace.hpp"

namespace troupe::testing {

/// A real Slurm on this machine: munged, slurmctld and two slurmd, "alpha" and "beta", which say
/// that they have 8 processors and 1000 MB each. SLURM_CONF names it as long as it lives.
class slurm_cluster {
 public:
  /// None, with a message, where Slurm is not installed or does not run, or this is not root.
  static std::unique_ptr<slurm_cluster> start();
  /// Cancels what still runs.
  ~slurm_cluster();

  /// What squeue knows of: a line a job.
  std::string jobs() const { return output_of("squeue --noheader"); }

 private:
  slurm_cluster();
  void write_configuration() const;
  std::string try_start();

  workspace here_;
  environment_variable configuration_;
  daemons daemons_;
  bool up_ = false;
};

}  // namespace troupe::testing
