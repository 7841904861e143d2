#pragma once

#include <caf/fwd.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "troupe/actors/recorder.hpp"
#include "troupe/cluster/trained_model.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

/// Lets another thread (or a signal handler's thread) stop a run.
class run_control {
 public:
  run_control();
  ~run_control();
  run_control(const run_control&) = delete;
  run_control& operator=(const run_control&) = delete;

  /// Asks the run to end after the windows under way; `reason` becomes `stopped_by`. Before the
  /// run has started it ends as soon as it does. Any thread; more than once is harmless.
  void stop(const std::string& reason = "command");
  /// The reason, where it was asked to end before it has started; "" otherwise.
  std::string asked() const;

 private:
  friend class run_session;
  struct implementation;
  std::shared_ptr<implementation> implementation_;
};

struct train_options {
  /// Where job.yaml, history.jsonl, events.jsonl, model.troupe and summary.json go; "": nowhere.
  std::string folder;
  /// Goes on with the run that the folder holds, from its last checkpoint; without one, or without
  /// a run, it begins.
  bool resume = false;
  run_observer observer;
  run_control* control = nullptr;  ///< must outlive the run
};

struct train_result {
  nlohmann::ordered_json summary;      ///< summary.json
  std::optional<trained_model> model;  ///< none where the run failed or never trained
  std::string stopped_by;
  std::string failure;  ///< one line, where stopped_by is "failed" or "diverged"
  bool ok() const { return failure.empty(); }
};

/// Trains a job in this process, in an actor system of its own, and returns when it is over. The
/// job may come from `read_job` or be built in code; it is completed and checked first.
/// \throws error (job, data) before training starts; what goes wrong later is in the result.
train_result train(const job& of, const train_options& options = {},
                   const catalogue& known = catalogue::builtin());

/// The same in the caller's system, whose configuration went through `troupe::configure`. Blocks
/// the calling thread, which must not be one of the system's.
train_result train(caf::actor_system& system, const job& of, const train_options& options = {},
                   const catalogue& known = catalogue::builtin());

/// Learns now whether the system lets a run start so many threads: an actor whose thread cannot be
/// started would be waited for for ever. \throws error (run).
void try_threads(std::uint32_t count);

/// All data of a job, read and checked against its model, with errors at places of the job.
prepared_data prepare_job(const job& of, const catalogue& known);

}  // namespace troupe
