// How a supervisor ends a run, from the last window to the outcome; the rest is in supervisor.cpp.

#include <fmt/format.h>

#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/supervisor.hpp"

namespace troupe {

void supervisor_state::diverged(const schema::Diverged::Reader& message) {
  if (mode_ == mode::done || ending_.stopped_by == "diverged") return;
  if (!is_current(message.getWorker(), message.getIncarnation())) return;
  nlohmann::json facts = {{"worker", message.getWorker()},
                          {"epoch", message.getEpoch() + 1},
                          {"position", message.getPosition()},
                          {"mini_batch", message.getMiniBatch()},
                          {"reason", message.getReason().cStr()}};
  if (message.getSlice() >= 0) facts["slice"] = message.getSlice();
  record("diverged", std::move(facts));
  if (go_back_diverged()) return;
  ending_.failure = fmt::format(
      "worker {} diverged at its mini-batch {} (epoch {}): {}; a smaller learning rate or gradient "
      "clipping (clip_norm) may help",
      message.getWorker(), message.getMiniBatch(), message.getEpoch() + 1,
      message.getReason().cStr());
  if (mode_ == mode::training) return stop("diverged");
  ending_.stopped_by = "diverged";
  allocation_->dissolve();
  send_view();
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
  go_on_if_paused();
  // The round that it waits for may not come.
  if (cutting_ && cutting_->missing > 0) uncut("the run ends");
  mode_ = mode::finishing;
  // Nobody waits any more for windows that will not come. Rounds that were given out are ended by
  // all who take part, unless one of them cannot.
  if (!plan_->in_rounds() || ending_.stopped_by == "diverged") {
    allocation_->dissolve();
    send_view();
  }
  waiting_ = 1;
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    role_state& p = parts_[worker];
    if (p.now == presence::lost) continue;
    p.finishing = true;
    ++waiting_;
    // A mini-batch takes as long as it takes; a worker that dies is noticed.
    self_->request(cast_.workers[worker], caf::infinite, finish_atom::value)
        .then([this, worker](finished_atom) { worker_finished(worker); },
              [this](const caf::error& problem) { on_error(problem); });
  }
  if (--waiting_ == 0) all_finished();
}

/// Whoever ends a run early may want to go on with it.
void supervisor_state::all_finished() {
  if (cutting_) return;  // it ends in `score_center`
  const std::string& why = ending_.stopped_by;
  if (!cast_.archivist || why == "epochs" || why == "diverged") return score_center();
  cut();
  cutting_->last = true;
}

/// Or is lost.
void supervisor_state::worker_finished(std::uint32_t worker) {
  if (!std::exchange(parts_[worker].finishing, false)) return;
  if (--waiting_ == 0 && mode_ == mode::finishing) all_finished();
}

/// The centre as it stands after all windows are answered, on the watched part.
void supervisor_state::score_center() {
  mode_ = mode::scoring;
  ending_.seconds = now();
  report_progress_of_all(0);
  self_->request(cast_.evaluator, caf::infinite, score_request{++evaluations_asked_, {}, {}})
      .then(
          [this, age = age_](const score& last) {
            if (age != age_) return;
            if (last.has_data) {
              record_evaluation(totals_->evaluation_report(last, totals_->rows(), ending_.seconds));
              rules_->add(last);
            }
            score_model(last);
          },
          [this, age = age_](const caf::error& problem) {
            if (age == age_) on_error(problem);
          });
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
    self_->request(cast_.evaluator, caf::infinite, score_request{evaluations_asked_, part, model})
        .then(
            [this, part, model, age = age_](const score& s) {
              if (age != age_) return;
              const bool validation = part == score_part::watch && plan_->has_validation;
              (validation ? ending_.validation : ending_.test) = s;
              if (--waiting_ == 0) deliver(model);
            },
            [this](const caf::error& problem) { on_error(problem); });
  }
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
  // The outcome leaves once history and events are in their files.
  self_->request(cast_.recorder, answer_timeout, flush_atom::value)
      .then([this](flush_atom) { leave(); },
            [this](const caf::error& problem) {
              // A recorder that fails only now says why when it is down.
              const bool down = watched_.count(cast_.recorder.address()) == 0;
              if (down || problem != caf::sec::request_receiver_down) leave();
            });
}

void supervisor_state::leave() {
  if (promise_) promise_->deliver(outcome_);
  promise_.reset();
}

/// What was trained is whole; only its history is not.
void supervisor_state::unrecorded(const std::string& why) {
  if (!promise_) return;
  ending_.stopped_by = "failed";
  ending_.failure = why;
  conclude(outcome_->model);
  leave();
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

}  // namespace troupe
