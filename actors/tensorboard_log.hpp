#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "troupe/actors/event_file.hpp"
#include "troupe/actors/messages/local.hpp"

namespace troupe {

/// What a run reports, as scalars for TensorBoard; a step is a row trained. Tags: `training/loss`,
/// `training/accuracy`, `training/staleness` as workers report them, `training/samples_per_second`
/// of all of them together; the same of each worker under `worker_0/`; and what evaluations say
/// under the part that was scored, as `test/accuracy`. What is no number is left out.
class tensorboard_log {
 public:
  /// Makes an event file in `folder`. \throws error (run), as do the others.
  explicit tensorboard_log(const std::string& folder) : file_(folder) {}

  void add(const report& r);
  /// A run that goes on from a checkpoint trains rows again: what was said of them goes.
  void add(const run_event& e);

 private:
  event_file file_;
  std::map<std::uint32_t, double> speeds_;  ///< what each worker reported last
};

}  // namespace troupe
