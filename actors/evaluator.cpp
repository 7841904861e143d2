#include "troupe/actors/evaluator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>

#include "troupe/actors/configure.hpp"

namespace troupe {

void evaluator_state::begin(std::shared_ptr<const run_plan> plan,
                            std::shared_ptr<const dataset> watched,
                            std::shared_ptr<const dataset> test) {
  plan_ = std::move(plan);
  watched_ = std::move(watched);
  test_ = std::move(test);
}

void evaluator_state::join(const route_msg& route,
                           const std::vector<parameter_server_actor>& servers) {
  home_ = homes_of(*route, *plan_, servers);
  // Servers that were asked before may be gone, or silent.
  puller_.again(self_, *plan_, home_);
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
  pulling_->parameters.resize(plan_->groups * plan_->model.parameters);
  pulling_->statistics.resize(plan_->groups * plan_->model.statistics);
  puller_.pull(
      self_, *plan_, home_, {},
      [this](std::size_t slice, std::uint64_t, span<const float> values) {
        const bool statistics = plan_->is_statistics(slice);
        auto& whole = statistics ? pulling_->statistics : pulling_->parameters;
        const std::size_t group = slice / plan_->group_slices();
        const std::size_t length = statistics ? plan_->model.statistics : plan_->model.parameters;
        copy(values, whole.data() + group * length + plan_->range_of(slice).first);
      },
      [this] { finish_front(std::move(pulling_)); },
      [this](const std::string& why) { self_->quit(actor_failure("evaluator", why)); });
}

void evaluator_state::finish_front(const snapshot_ptr& snapshot) {
  const score_request request = queue_.front().request;
  const auto& rows = request.part == score_part::watch ? watched_ : test_;
  score out;
  if (rows) {
    if (!scorer_) {
      scorer_ = std::make_unique<scorer>(plan_->of.model, committee_of(*plan_), plan_->known.models,
                                         plan_->transforms);
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
