#include "troupe/cluster/train.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/actors/evaluator.hpp"
#include "troupe/actors/parameter_server.hpp"
#include "troupe/actors/scorer.hpp"
#include "troupe/actors/supervisor.hpp"
#include "troupe/actors/worker.hpp"
#include "troupe/cluster/run_folder.hpp"
#include "troupe/config/check.hpp"
#include "troupe/config/places.hpp"
#include "troupe/config/reader.hpp"

namespace troupe {

struct run_control::implementation {
  std::mutex mutex;
  supervisor_actor supervisor;
  std::string asked;  // before there was a supervisor to ask
};

run_control::run_control() : implementation_(std::make_shared<implementation>()) {}
run_control::~run_control() = default;

void run_control::stop(const std::string& reason) {
  const std::lock_guard<std::mutex> lock(implementation_->mutex);
  if (implementation_->supervisor) {
    caf::anon_send(implementation_->supervisor, stop_atom::value, reason);
  } else {
    implementation_->asked = reason;
  }
}

/// Starts as many threads as the run will, to learn now whether the system lets it: an actor whose
/// thread cannot be started would be waited for for ever.
void try_threads(std::uint32_t count) {
  std::vector<std::thread> threads;
  std::promise<void> all;
  const std::shared_future<void> go = all.get_future().share();
  std::string problem;
  try {
    for (std::uint32_t i = 0; i < count; ++i) threads.emplace_back([go] { go.wait(); });
  } catch (const std::system_error& e) {
    problem = e.what();
  }
  all.set_value();
  for (std::thread& thread : threads) thread.join();
  if (!problem.empty()) {
    throw run_error("actors.workers", fmt::format("cannot start {} threads: {}", count, problem));
  }
}

/// The actors of one run in one process: spawned here, ended before this is gone.
class run_session {
 public:
  run_session(caf::actor_system& system, std::shared_ptr<const run_plan> plan,
              const prepared_data& data, const train_options& options)
      : self_(system), control_(options.control) {
    const actors_spec& count = plan->of.actors;
    cast_handles cast;
    // The recorder first: a folder that cannot be written fails before anything runs.
    cast.recorder = add(system.spawn(recorder, options.folder, options.observer));
    for (std::uint32_t i = 0; i < count.parameter_servers; ++i) {
      cast.servers.push_back(add(system.spawn(parameter_server, plan, i)));
    }
    const auto first = cut_shards(plan->rows_per_epoch, count.data_shards);
    for (std::uint32_t i = 0; i < count.data_shards; ++i) {
      const std::uint64_t last = i + 1 < count.data_shards ? first[i + 1] : plan->rows_per_epoch;
      cast.shards.push_back(
          add(system.spawn(data_shard, plan, data.train, position_range{first[i], last})));
    }
    for (std::uint32_t i = 0; i < count.workers; ++i) {
      cast.workers.push_back(add(system.spawn<caf::detached>(worker, plan, i, 1u)));
    }
    cast.evaluator = add(system.spawn<caf::detached>(
        evaluator, plan, data.validation ? data.validation : data.test, data.test));
    supervisor_ = add(system.spawn(supervisor, plan, cast));
    if (control_) {
      const auto& shared = control_->implementation_;
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->supervisor = supervisor_;
      if (!shared->asked.empty()) {
        caf::anon_send(supervisor_, stop_atom::value, shared->asked);
      }
    }
  }

  ~run_session() {
    if (control_) {
      const std::lock_guard<std::mutex> lock(control_->implementation_->mutex);
      control_->implementation_->supervisor = nullptr;
      control_->implementation_->asked.clear();
    }
    supervisor_ = nullptr;
    for (const auto& actor : spawned_) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    self_->wait_for(spawned_);
  }

  run_session(const run_session&) = delete;
  run_session& operator=(const run_session&) = delete;

  outcome_ptr run() {
    outcome_ptr outcome;
    std::string problem;
    self_->request(supervisor_, caf::infinite, run_atom::value)
        .receive([&](const outcome_ptr& done) { outcome = done; },
                 [&](const caf::error& e) { problem = text_of(e, self_->system().config()); });
    if (!outcome) throw run_error("supervisor", problem);
    return outcome;
  }

 private:
  template <class Handle>
  Handle add(Handle handle) {
    spawned_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  caf::scoped_actor self_;
  run_control* control_;
  supervisor_actor supervisor_;
  std::vector<caf::actor> spawned_;
};

prepared_data prepare_job(const job& of, const catalogue& known) {
  return located(of, [&] {
    const model_summary model = describe(of.model, known.models);
    prepared_data data = prepare(of.data, label_request_of(of, model), of.seed, known.data);
    check_data(of, data);
    return data;
  });
}

namespace {

/// Writes the model, then the summary: where that is, everything else is. A model that cannot be
/// saved makes the run a failed one.
void write_results(const run_folder& folder, train_result& result) {
  if (result.model) {
    try {
      result.model->save(folder.file("model.troupe"));
    } catch (const error& e) {
      result.summary["stopped_by"] = result.stopped_by = "failed";
      result.summary["failure"] = result.failure = e.what();
    }
  }
  write_file_atomically(folder.file("summary.json"), result.summary.dump(2) + "\n");
}

trained_model model_of(const run_plan& plan, const prepared_data& data,
                       const run_outcome& outcome) {
  trained_model model;
  model.spec = plan.of.model;
  model.form = committee_of(plan);
  model.parameters = outcome.model->parameters;
  model.statistics = outcome.model->statistics;
  model.transforms = data.transforms;
  model.labels = data.labels;
  model.columns = data.train->columns;
  model.job_yaml = to_yaml(plan.of);
  // Without times, so that equal runs leave equal files.
  nlohmann::ordered_json summary = outcome.summary;
  for (const char* key : {"seconds", "samples_per_second"}) summary.erase(key);
  for (auto& worker : summary["per_worker"]) worker.erase("seconds");
  model.summary = summary.dump(2);
  return model;
}

}  // namespace

train_result train(caf::actor_system& system, const job& of, const train_options& options,
                   const catalogue& known) {
  require_configured(system.config());
  if (!options.folder.empty()) run_folder::refuse_taken(options.folder);
  job completed = of;
  complete(completed, known);
  check(completed, known);
  const prepared_data data = prepare_job(completed, known);
  const auto plan =
      located(completed, [&] { return make_run_plan(completed, known, facts_of(data)); });

  try_threads(completed.actors.workers + 1);
  std::optional<run_folder> folder;
  train_options inside = options;
  if (!options.folder.empty()) {
    folder.emplace(options.folder);
    inside.folder = folder->path();
    write_file_atomically(folder->file("job.yaml"), to_yaml(completed));
  }
  outcome_ptr outcome;
  {
    run_session session(system, plan, data, inside);
    outcome = session.run();
  }

  train_result result;
  result.summary = outcome->summary;
  result.stopped_by = outcome->stopped_by;
  result.failure = outcome->failure;
  if (outcome->model) result.model = model_of(*plan, data, *outcome);
  if (folder) write_results(*folder, result);
  return result;
}

train_result train(const job& of, const train_options& options, const catalogue& known) {
  caf::actor_system_config config;
  configure(config);
  caf::actor_system system(config);
  return train(system, of, options, known);
}

}  // namespace troupe
