#pragma once

#include <caf/scoped_actor.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "troupe/actors/checkpoint.hpp"
#include "troupe/actors/supervisor.hpp"
#include "troupe/cluster/control/run_desk.hpp"
#include "troupe/cluster/metrics/metrics_endpoint.hpp"
#include "troupe/cluster/run_folder.hpp"
#include "troupe/cluster/train.hpp"
#include "troupe/data/prepare.hpp"

namespace troupe {

/// A run before any actor plays: its job, completed and checked, its data and its plan.
struct prepared_run {
  job of;
  prepared_data data;
  data_facts facts;
  std::shared_ptr<run_plan> plan;
  found_checkpoint kept;  ///< of a run that is resumed
};

/// \throws error (job, data). Nothing is written; a folder that holds a run is refused, unless that
/// is to be resumed.
prepared_run prepare_run(const job& of, const train_options& options, const catalogue& known);

/// The supervisor of a run and those around it, in this process: spawned here, ended before this
/// is gone.
class run_session {
 public:
  /// Listens where the job's section `metrics` says, makes the run's folder, if there is to be one,
  /// and the recorder.
  run_session(caf::actor_system& system, const prepared_run& run, const train_options& options);
  ~run_session();
  run_session(const run_session&) = delete;
  run_session& operator=(const run_session&) = delete;

  const recorder_actor& recorder() const noexcept { return recorder_; }
  /// Whether somebody has asked for the end before there is a supervisor to ask.
  bool asked_to_end() const { return !control_->asked().empty(); }
  /// Where status and stop are asked for; none without a folder and a section `metrics`.
  std::optional<run_desk>& desk() noexcept { return desk_; }
  /// Ends this actor with the session.
  template <class Handle>
  Handle keep(Handle handle) {
    spawned_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }
  /// Spawns evaluator and supervisor over these servers, shards and workers.
  const supervisor_actor& lead(cast_handles cast);
  /// Runs to the end and writes what the run leaves.
  train_result run();

 private:
  train_result finish(const run_outcome& outcome);

  const prepared_run& run_;
  run_control own_control_;
  run_control* control_;
  std::unique_ptr<metrics_endpoint> metrics_;  // before the folder: without its address, none
  std::optional<run_folder> folder_;
  std::optional<run_desk> desk_;
  caf::scoped_actor self_;
  recorder_actor recorder_;
  supervisor_actor supervisor_;
  std::vector<caf::actor> spawned_;
};

/// Whoever can stop a run, before and after it has a supervisor.
struct run_control::implementation {
  std::mutex mutex;
  supervisor_actor supervisor;
  std::string asked;  // before there was a supervisor to ask
};

}  // namespace troupe
