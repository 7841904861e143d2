#include "troupe/actors/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <cmath>

#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

namespace {

constexpr std::chrono::milliseconds tick_period{100};
/// A lease is about this many seconds of its worker's work.
constexpr double lease_seconds = 0.5;
/// Leases a worker holds at most: one it trains, one whose rows travel.
constexpr std::size_t leases_held = 2;
/// Least seconds between two lines of history of one worker.
constexpr double report_seconds = 0.25;

}  // namespace

void supervisor_state::begin(std::shared_ptr<const run_plan> plan, cast_handles cast) {
  plan_ = std::move(plan);
  cast_ = std::move(cast);
  const job& of = plan_->of;
  ledger::extent extent;
  extent.rows_per_epoch = plan_->rows_per_epoch;
  extent.epochs = of.training.epochs;
  extent.window_rows = std::uint64_t{plan_->setup.window} * of.training.batch_size;
  extent.workers = static_cast<std::uint32_t>(cast_.workers.size());
  extent.shared = of.supervisor.rebalance;
  ledger_.emplace(extent);
  totals_.emplace(plan_);
  rules_.emplace(of.training.stop);
  joined_.assign(cast_.workers.size(), false);
  for (std::size_t slice = 0; slice < plan_->slice_count(); ++slice) {
    home_.push_back(plan_->home_of(slice, cast_.servers.size()));
  }
  auto watch_all = [this](const auto& actors, const char* what) {
    for (std::size_t i = 0; i < actors.size(); ++i) {
      watch(actors[i].address(), fmt::format("{} {}", what, i));
    }
  };
  watch_all(cast_.servers, "parameter server");
  watch_all(cast_.shards, "data shard");
  watch_all(cast_.workers, "worker");
  watch(cast_.evaluator.address(), "evaluator");
  watch(cast_.recorder.address(), "recorder");
}

void supervisor_state::watch(const caf::actor_addr& actor, const std::string& who) {
  self_->monitor(actor);
  watched_.emplace_back(actor, who);
}

double supervisor_state::now() const {
  if (!start_) return 0;
  return std::chrono::duration<double>(self_->clock().now() - *start_).count();
}

void supervisor_state::record(const std::string& event, nlohmann::json facts) {
  self_->send(cast_.recorder, run_event{now(), event, std::move(facts)});
}

caf::result<outcome_ptr> supervisor_state::run() {
  if (outcome_) return outcome_;  // stopped or failed before it began
  if (mode_ != mode::idle) return actor_failure("supervisor", "this run was started before");
  auto promise = self_->make_response_promise<outcome_ptr>();
  promise_ = promise;
  mode_ = mode::installing;
  install();
  return promise;
}

void supervisor_state::install() {
  std::vector<float> parameters = plan_->first_parameters, statistics = plan_->first_statistics;
  if (parameters.empty()) {
    parameters.resize(plan_->model.parameters);
    statistics.resize(plan_->model.statistics);
    network(plan_->of.model, 1, plan_->known.models)
        .initialise(parameters, statistics, plan_->of.seed);
  }
  waiting_ = home_.size();
  for (std::size_t slice = 0; slice < home_.size(); ++slice) {
    const slice_range range = plan_->range_of(slice);
    const auto& whole = plan_->is_statistics(slice) ? statistics : parameters;
    wire_builder<schema::Install> message;
    message->setRun(plan_->run);
    message->setSlice(static_cast<std::uint32_t>(slice));
    message->setFirst(range.first);
    message->setStatistics(plan_->is_statistics(slice));
    const auto payload = message.floats(
        range.count, [&](auto&& data) { message->adoptPayload(kj::mv(data)); });
    std::copy_n(whole.data() + range.first, range.count, payload.data());
    self_->request(cast_.servers[home_[slice]], answer_timeout, std::move(message).finish())
        .then(
            [this](installed_atom) {
              if (--waiting_ == 0 && mode_ == mode::installing) introduce();
            },
            [this](const caf::error& problem) { on_error(problem); });
  }
}

void supervisor_state::introduce() {
  mode_ = mode::joining;
  wire_builder<schema::Route> message;
  message->setRun(plan_->run);
  auto slices = message->initSlices(static_cast<unsigned>(home_.size()));
  for (unsigned i = 0; i < slices.size(); ++i) slices.set(i, home_[i]);
  const auto shards = cut_shards(plan_->rows_per_epoch,
                                 static_cast<std::uint32_t>(cast_.shards.size()));
  auto firsts = message->initShardFirst(static_cast<unsigned>(shards.size()));
  for (unsigned i = 0; i < firsts.size(); ++i) firsts.set(i, shards[i]);
  const route_msg route = std::move(message).finish();
  self_->send(cast_.evaluator, route, cast_.servers);
  for (const worker_actor& worker : cast_.workers) {
    self_->send(worker, route, supervisor_actor{self_}, cast_.servers, cast_.shards);
  }
}

void supervisor_state::ready(const schema::Ready::Reader& message) {
  const std::uint32_t worker = message.getWorker();
  if (mode_ != mode::joining || worker >= joined_.size() || joined_[worker]) return;
  joined_[worker] = true;
  record("worker_joined", {{"worker", worker}});
  if (!std::all_of(joined_.begin(), joined_.end(), [](bool here) { return here; })) return;
  mode_ = mode::training;
  start_ = self_->clock().now();
  record("started", {{"workers", joined_.size()},
                     {"parameter_servers", cast_.servers.size()},
                     {"parameters", plan_->model.parameters},
                     {"rows_per_epoch", plan_->rows_per_epoch}});
  for (std::uint32_t i = 0; i < joined_.size(); ++i) grant(i);
  self_->delayed_send(self_, tick_period, tick_atom::value);
}

void supervisor_state::grant(std::uint32_t worker) {
  while (mode_ == mode::training && ledger_->held(worker) < leases_held) {
    double rows = std::min(totals_->speed(worker) * lease_seconds,
                           static_cast<double>(ledger_->free_rows(worker)));
    if (plan_->of.supervisor.rebalance) {
      // Towards the end of an epoch leases shrink, so that all workers end it together.
      rows = std::min(rows, static_cast<double>(ledger_->free_rows(worker)) /
                                (2.0 * static_cast<double>(joined_.size())));
    }
    const auto granted = ledger_->grant(worker, static_cast<std::uint64_t>(rows));
    if (!granted) return;
    wire_builder<schema::Assign> message;
    message->setLease(granted->id);
    message->setEpoch(granted->epoch);
    message->setFirst(granted->range.first);
    message->setLast(granted->range.last);
    self_->send(cast_.workers[worker], std::move(message).finish());
  }
}

void supervisor_state::progress(const schema::Progress::Reader& message) {
  const std::uint32_t worker = message.getWorker();
  if (worker >= joined_.size() || message.getEpoch() >= plan_->of.training.epochs) {
    return fail("a report names a worker or an epoch that is not there");
  }
  std::uint64_t rows = 0;
  for (const auto range : message.getRanges()) {
    rows += range.getLast() - range.getFirst();
    if (!ledger_->done(worker, message.getEpoch(), {range.getFirst(), range.getLast()})) {
      return fail(fmt::format("worker {} reports rows {} to {} of epoch {} that it was not given",
                              worker, range.getFirst(), range.getLast(), message.getEpoch() + 1));
    }
  }
  if (rows != message.getRows()) {
    return fail(fmt::format("worker {} reports {} rows but names {}", worker, message.getRows(),
                            rows));
  }
  totals_->add(message);
  report_progress(false);
  if (mode_ != mode::training) return;
  evaluate_if_due();
  if (ledger_->all_done()) return stop("epochs");
  grant(worker);
}

void supervisor_state::report_progress(bool all) {
  for (std::uint32_t i = 0; i < joined_.size(); ++i) {
    if (const auto line = totals_->take_report(i, now(), all ? 0 : report_seconds)) {
      self_->send(cast_.recorder, *line);
    }
  }
}

void supervisor_state::evaluate_if_due() {
  const double every =
      plan_->of.training.evaluate_every * static_cast<double>(plan_->rows_per_epoch);
  // The last one is that of the saved model, after all windows are answered.
  if (!(every > 0) || evaluating_ || ledger_->all_done() || !plan_->has_evaluation) return;
  const auto due = static_cast<std::uint64_t>(
      std::min(static_cast<double>(totals_->rows()) / every, 1e18));
  if (due <= evaluations_due_) return;
  evaluations_due_ = due;
  evaluating_ = true;
  self_->request(cast_.evaluator, caf::infinite, score_request{++evaluations_asked_, {}, {}})
      .then([this, rows = totals_->rows()](const score& s) { evaluated(s, rows); },
            [this](const caf::error& problem) { on_error(problem); });
}

void supervisor_state::evaluated(const score& s, std::uint64_t rows) {
  evaluating_ = false;
  if (!s.has_data) return;
  self_->send(cast_.recorder, totals_->evaluation_report(s, rows, now()));
  rules_->add(s);
  if (mode_ != mode::training) return;
  if (const auto reason = rules_->after_evaluation()) return stop(*reason);
  evaluate_if_due();
}

void supervisor_state::tick() {
  if (mode_ != mode::training) return;
  report_progress(false);
  if (const auto reason = rules_->after_seconds(now())) return stop(*reason);
  self_->delayed_send(self_, tick_period, tick_atom::value);
}

void supervisor_state::diverged(const schema::Diverged::Reader& message) {
  if (mode_ == mode::done || ending_.stopped_by == "diverged") return;
  nlohmann::json facts = {{"worker", message.getWorker()},
                          {"epoch", message.getEpoch() + 1},
                          {"position", message.getPosition()},
                          {"mini_batch", message.getMiniBatch()},
                          {"reason", message.getReason().cStr()}};
  if (message.getSlice() >= 0) facts["slice"] = message.getSlice();
  record("diverged", std::move(facts));
  ending_.failure = fmt::format(
      "worker {} diverged at its mini-batch {} (epoch {}): {}; a smaller learning rate or gradient "
      "clipping (clip_norm) may help",
      message.getWorker(), message.getMiniBatch(), message.getEpoch() + 1,
      message.getReason().cStr());
  if (mode_ == mode::training) return stop("diverged");
  ending_.stopped_by = "diverged";
}

void supervisor_state::stop(const std::string& reason) {
  if (mode_ == mode::training) {
    ending_.stopped_by = reason;
    finish_workers();
  } else if (mode_ < mode::training) {
    // Nothing has been trained: there is no model to save.
    ending_.stopped_by = reason;
    deliver(nullptr);
  }
}

void supervisor_state::finish_workers() {
  mode_ = mode::finishing;
  waiting_ = cast_.workers.size();
  for (const worker_actor& worker : cast_.workers) {
    // A mini-batch takes as long as it takes; a worker that dies is noticed.
    self_->request(worker, caf::infinite, finish_atom::value)
        .then(
            [this](finished_atom) {
              if (--waiting_ == 0 && mode_ == mode::finishing) score_center();
            },
            [this](const caf::error& problem) { on_error(problem); });
  }
}

/// The centre as it stands after all windows are answered, on the watched part.
void supervisor_state::score_center() {
  mode_ = mode::scoring;
  ending_.seconds = now();
  report_progress(true);
  self_->request(cast_.evaluator, caf::infinite, score_request{++evaluations_asked_, {}, {}})
      .then(
          [this](const score& last) {
            if (last.has_data) {
              self_->send(cast_.recorder, totals_->evaluation_report(last, totals_->rows(),
                                                                     ending_.seconds));
              rules_->add(last);
            }
            score_model(last);
          },
          [this](const caf::error& problem) { on_error(problem); });
}

/// The model that is saved, on the parts that `last` does not speak for.
void supervisor_state::score_model(const score& last) {
  const bool best = plan_->of.training.keep_best && rules_->best();
  const snapshot_ptr model = best ? rules_->best() : last.snapshot;
  (plan_->has_validation ? ending_.validation : ending_.test) = last;
  std::vector<score_part> parts;
  if (model != last.snapshot) parts.push_back(score_part::watch);
  if (plan_->has_validation) parts.push_back(score_part::test);
  waiting_ = parts.size();
  if (parts.empty()) return deliver(model);
  for (const score_part part : parts) {
    self_->request(cast_.evaluator, caf::infinite,
                   score_request{evaluations_asked_, part, model})
        .then(
            [this, part, model](const score& s) {
              const bool validation = part == score_part::watch && plan_->has_validation;
              (validation ? ending_.validation : ending_.test) = s;
              if (--waiting_ == 0) deliver(model);
            },
            [this](const caf::error& problem) { on_error(problem); });
  }
}

void supervisor_state::on_error(const caf::error& problem) {
  // Every actor asked is monitored: its `down` says who ended, and why.
  if (problem == caf::sec::request_receiver_down) return;
  fail(text_of(problem, self_->system().config()));
}

void supervisor_state::fail(const std::string& why) {
  if (mode_ == mode::done) return;
  record("failed", {{"reason", why}});
  ending_.seconds = now();
  ending_.stopped_by = "failed";
  ending_.failure = why;
  deliver(nullptr);
}

void supervisor_state::conclude(const snapshot_ptr& model) {
  mode_ = mode::done;
  record("stopped", {{"reason", ending_.stopped_by}, {"rows", totals_->rows()}});
  auto outcome = std::make_shared<run_outcome>();
  outcome->summary = totals_->summary(ending_);
  outcome->model = model;
  outcome->stopped_by = ending_.stopped_by;
  outcome->failure = ending_.failure;
  outcome_ = outcome;
}

void supervisor_state::deliver(const snapshot_ptr& model) {
  conclude(model);
  if (!promise_) return;  // `run` will answer with it
  // The outcome leaves once history and events are in their files; a recorder that is gone has
  // nothing left to write.
  auto leave = [promise = *promise_, outcome = outcome_]() mutable { promise.deliver(outcome); };
  promise_.reset();
  self_->request(cast_.recorder, answer_timeout, flush_atom::value)
      .then([leave](flush_atom) mutable { leave(); },
            [leave](const caf::error&) mutable { leave(); });
}

void supervisor_state::crashed(const std::string& why) {
  if (!outcome_) {
    record("failed", {{"reason", why}});
    ending_.stopped_by = "failed";
    ending_.failure = why;
    conclude(nullptr);
  }
  if (promise_) promise_->deliver(outcome_);
}

void supervisor_state::down(const caf::down_msg& message) {
  if (mode_ == mode::done) return;
  for (const auto& [actor, who] : watched_) {
    if (actor != message.source) continue;
    const std::string why = text_of(message.reason, self_->system().config());
    return fail(why.rfind(who, 0) == 0 ? why : who + " ended: " + why);
  }
}

supervisor_actor::behavior_type supervisor(supervisor_state::pointer self,
                                           std::shared_ptr<const run_plan> plan,
                                           cast_handles cast) {
  self->set_exception_handler([self](std::exception_ptr& problem) -> caf::error {
    const std::string why = "supervisor: " + what_of(problem);
    self->state.crashed(why);
    return actor_failure("supervisor", what_of(problem));
  });
  self->set_down_handler([self](const caf::down_msg& message) { self->state.down(message); });
  self->state.begin(std::move(plan), std::move(cast));
  return {
      [=](run_atom) { return self->state.run(); },
      [=](const ready_msg& message) { self->state.ready(*message); },
      [=](const progress_msg& message) { self->state.progress(*message); },
      [=](const diverged_msg& message) { self->state.diverged(*message); },
      [=](stop_atom, const std::string& reason) { self->state.stop(reason); },
      [=](tick_atom) { self->state.tick(); },
  };
}

}  // namespace troupe
