#include "troupe/cluster/run_session.hpp"

#include <caf/all.hpp>

#include "troupe/actors/archivist.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/evaluator.hpp"
#include "troupe/actors/scorer.hpp"
#include "troupe/config/check.hpp"
#include "troupe/config/places.hpp"
#include "troupe/config/reader.hpp"

namespace troupe {

prepared_data prepare_job(const job& of, const catalogue& known) {
  return located(of, [&] {
    const model_summary model = describe(of.model, known.models);
    prepared_data data = prepare(of.data, label_request_of(of, model), of.seed, known.data);
    check_data(of, data);
    return data;
  });
}

prepared_run prepare_run(const job& of, const train_options& options, const catalogue& known) {
  if (!options.folder.empty()) run_folder::refuse_taken(options.folder, options.resume);
  prepared_run run;
  run.of = of;
  complete(run.of, known);
  check(run.of, known);
  run.data = prepare_job(run.of, known);
  run.facts = facts_of(run.data);
  run.plan = located(run.of, [&] { return make_run_plan(run.of, known, run.facts); });
  if (options.resume && !options.folder.empty()) {
    run.kept = load_last_checkpoint(*run.plan, options.folder + "/checkpoints");
  }
  return run;
}

run_session::run_session(caf::actor_system& system, const prepared_run& run,
                         const train_options& options)
    : run_(run),
      control_(options.control ? options.control : &own_control_),
      metrics_(metrics_endpoint::of(run.of)),
      self_(system) {
  if (!options.folder.empty()) {
    folder_.emplace(options.folder, options.resume);
    write_file_atomically(folder_->file("job.yaml"), to_yaml(run.of));
  }
  // A folder that cannot be written fails before anything runs.
  recorder_ =
      keep(system.spawn(troupe::recorder, folder_ ? folder_->path() : std::string(),
                        metrics_ ? metrics_->listening_to(options.observer) : options.observer,
                        run.of.recorder.tensorboard));
  for (const std::string& why : run.kept.damaged) {
    caf::anon_send(recorder_, run_event{0, "checkpoint_damaged", {{"reason", why}}});
  }
  if (!folder_ && !metrics_) return;
  desk_.emplace(system, run.of, folder_ ? folder_->path() : std::string(),
                [this] { control_->stop("command"); });
  if (const std::string& why = desk_->problem(); !why.empty()) {
    caf::anon_send(recorder_, run_event{0, "control_unavailable", {{"reason", why}}});
  }
  if (!metrics_) return;
  desk_->metrics_at(metrics_->url());
  metrics_->serve(desk_->desk());
  caf::anon_send(recorder_, run_event{0, "metrics_listening", {{"url", metrics_->url()}}});
}

const supervisor_actor& run_session::lead(cast_handles cast) {
  auto& system = self_->system();
  const prepared_data& data = run_.data;
  cast.recorder = recorder_;
  cast.from = run_.kept.last;
  if (folder_) {
    cast.archivist =
        keep(system.spawn<caf::detached>(archivist, run_.plan, folder_->file("checkpoints")));
  }
  cast.evaluator = keep(system.spawn<caf::detached>(
      evaluator, run_.plan, data.validation ? data.validation : data.test, data.test));
  supervisor_ = keep(system.spawn(supervisor, run_.plan, std::move(cast)));
  {
    const auto& shared = control_->implementation_;
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->supervisor = supervisor_;
    if (!shared->asked.empty()) {
      caf::anon_send(supervisor_, stop_atom::value, shared->asked);
    }
  }
  if (desk_) desk_->led_by(supervisor_);
  return supervisor_;
}

run_session::~run_session() {
  metrics_.reset();  // it asks the desk
  desk_.reset();     // it answers as long as all of the run is there
  {
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

train_result run_session::run() {
  outcome_ptr outcome;
  std::string problem;
  self_->request(supervisor_, caf::infinite, run_atom::value)
      .receive([&](const outcome_ptr& done) { outcome = done; },
               [&](const caf::error& e) { problem = text_of(e, self_->system().config()); });
  if (!outcome) throw run_error("supervisor", problem);
  return finish(*outcome);
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

train_result run_session::finish(const run_outcome& outcome) {
  train_result result;
  result.summary = outcome.summary;
  result.stopped_by = outcome.stopped_by;
  result.failure = outcome.failure;
  if (outcome.model) result.model = model_of(*run_.plan, run_.data, outcome);
  if (folder_) write_results(*folder_, result);
  if (metrics_) metrics_->over(result.summary);
  return result;
}

}  // namespace troupe
