#include "troupe/actors/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>

#include "troupe/actors/configure.hpp"

namespace troupe {

namespace {

constexpr std::size_t slice_credit = 8;
constexpr std::chrono::seconds answer_timeout{60};

}  // namespace

void evaluator_state::begin(std::shared_ptr<const run_plan> plan,
                            std::shared_ptr<const dataset> watched,
                            std::shared_ptr<const dataset> test) {
  plan_ = std::move(plan);
  watched_ = std::move(watched);
  test_ = std::move(test);
}

void evaluator_state::join(const route_msg& route,
                           const std::vector<parameter_server_actor>& servers) {
  home_.clear();
  const auto message = *route;
  for (const std::uint32_t server : message.getSlices()) home_.push_back(servers.at(server));
}

caf::result<score> evaluator_state::evaluate(const score_request& request) {
  auto promise = self_->make_response_promise<score>();
  queue_.push_back({request, promise});
  if (queue_.size() == 1) pull_next();
  return promise;
}

void evaluator_state::pull_next() {
  if (queue_.empty()) return;
  if (queue_.front().request.snapshot) return finish_front(queue_.front().request.snapshot);
  pulling_ = std::make_shared<center_snapshot>();
  pulling_->parameters.resize(plan_->model.parameters);
  pulling_->statistics.resize(plan_->model.statistics);
  next_slice_ = unanswered_ = 0;
  pull_more();
}

void evaluator_state::pull_more() {
  for (; next_slice_ < home_.size() && unanswered_ < slice_credit; ++next_slice_, ++unanswered_) {
    wire_builder<schema::Pull> pull;
    pull->setRun(plan_->run);
    pull->setSlice(static_cast<std::uint32_t>(next_slice_));
    self_->request(home_[next_slice_], answer_timeout, std::move(pull).finish())
        .then(
            [this, slice = next_slice_](const center_msg& center) {
              const slice_range range = plan_->range_of(slice);
              const auto values = floats_of((*center).getPayload());
              if (values.size() != range.count) {
                return self_->quit(actor_failure("evaluator", "a slice has another length"));
              }
              auto& whole =
                  plan_->is_statistics(slice) ? pulling_->statistics : pulling_->parameters;
              std::copy(values.begin(), values.end(), whole.data() + range.first);
              --unanswered_;
              pull_more();
            },
            [this](const caf::error& problem) {
              self_->quit(actor_failure(
                  "evaluator",
                  "pulling the centre: " + text_of(problem, self_->system().config())));
            });
  }
  if (unanswered_ == 0) finish_front(std::move(pulling_));
}

void evaluator_state::finish_front(const snapshot_ptr& snapshot) {
  const score_request request = queue_.front().request;
  const auto& rows = request.part == score_part::watch ? watched_ : test_;
  score out;
  if (rows) {
    if (!scorer_) {
      scorer_ = std::make_unique<scorer>(plan_->of.model, plan_->known.models, plan_->transforms);
    }
    out = scorer_->run(snapshot->parameters, snapshot->statistics, *rows);
  }
  out.number = request.number;
  out.part = request.part;
  out.snapshot = snapshot;
  queue_.front().promise.deliver(std::move(out));
  queue_.pop_front();
  pull_next();
}

evaluator_actor::behavior_type evaluator(evaluator_state::pointer self,
                                         std::shared_ptr<const run_plan> plan,
                                         std::shared_ptr<const dataset> watched,
                                         std::shared_ptr<const dataset> test) {
  fail_on_exception(self, "evaluator");
  self->state.begin(std::move(plan), std::move(watched), std::move(test));
  return {
      [=](const route_msg& route, const std::vector<parameter_server_actor>& servers) {
        self->state.join(route, servers);
      },
      [=](const score_request& request) { return self->state.evaluate(request); },
  };
}

}  // namespace troupe
