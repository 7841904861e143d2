#include "troupe/actors/replica.hpp"

#include <algorithm>
#include <cmath>

#include "troupe/optimizers/slices.hpp"

namespace troupe {

namespace {

std::unique_ptr<gradient_rule> make_rule(const run_plan& plan, const protocol_setup& setup) {
  if (plan.protocol.rule != rule_place::worker) return nullptr;
  const rule_spec& spec = setup.rule;
  const auto& entry = plan.known.models.rules.at(
      spec.name, plan.of.place("optimizer.gradient_rule"), "gradient rule");
  return entry.make(spec.options, plan.model.parameters);
}

}  // namespace

replica::replica(const std::shared_ptr<const run_plan>& plan, std::uint32_t group, double rate)
    : replica(plan, group, plan->setup_at(rate)) {}

replica::replica(std::shared_ptr<const run_plan> plan, std::uint32_t group,
                 const protocol_setup& setup)
    : plan_(std::move(plan)),
      group_(group),
      network_(plan_->of.model, plan_->largest_batch(), plan_->known.models),
      rule_(make_rule(*plan_, setup)),
      half_(plan_->protocol.make_worker(setup)),
      parameters_(plan_->model.parameters),
      gradient_(plan_->model.parameters),
      statistics_(plan_->model.statistics),
      statistics_base_(plan_->model.statistics) {
  begin_window();
}

span<float> replica::part(std::size_t slice) {
  const slice_range r = plan_->range_of(slice);
  auto& whole = plan_->is_statistics(slice) ? statistics_ : parameters_;
  return {whole.data() + r.first, r.count};
}

void replica::install(std::size_t slice, span<const float> center) {
  copy(center, part(slice).data());
  if (plan_->is_statistics(slice)) statistics_base_ = statistics_;
}

void replica::start() {
  half_->start(parameters_);
}

intent replica::step(const mini_batch& rows) {
  window_.epoch = rows.epoch;
  if (rows.rows.rows == 0) {
    if (window_.ranges.empty()) window_.first = rows.range.first;
    return intent::none;
  }
  const draw at{plan_->seed_of(group_), rows.epoch, rows.range.first};
  const step_result result =
      network_.gradient(half_->point(parameters_), statistics_, rows.rows, at, gradient_);
  finite_ = finite_ && std::isfinite(result.loss_sum);
  last_loss_ = result.loss_sum / static_cast<double>(rows.rows.rows);
  half_->local_step(rule_.get(), parameters_, gradient_,
                    plan_->fraction(group_, rows.epoch, rows.range.first));
  ++mini_batches_;
  ++window_.facts.mini_batches;
  window_.facts.rows += rows.rows.rows;
  if (window_.ranges.empty()) window_.first = rows.range.first;
  if (!window_.ranges.empty() && window_.ranges.back().last == rows.range.first) {
    window_.ranges.back().last = rows.range.last;
  } else {
    window_.ranges.push_back(rows.range);
  }
  window_.loss_sum += result.loss_sum;
  window_.correct += result.correct;
  return half_->on_step(window_.facts);
}

replica::window_sums replica::close_window() {
  window_sums closed = std::move(window_);
  begin_window();
  return closed;
}

void replica::begin_window() {
  window_.facts = {};
  window_.ranges.clear();
  window_.ranges.reserve(8);
  window_.loss_sum = 0;
  window_.correct = 0;
}

void replica::write(std::size_t slice, const window_facts& closed, span<float> payload) {
  if (plan_->is_statistics(slice)) {
    write_statistics(closed, payload);
  } else {
    half_->write(plan_->range_of(slice), closed, part(slice), payload);
  }
}

void replica::sent(std::size_t slice) {
  if (plan_->is_statistics(slice)) {
    statistics_base_ = statistics_;
  } else {
    half_->on_sent(plan_->range_of(slice), part(slice));
  }
}

// Running statistics s moved from their base b by s = d b + (1 - d) a, d = decay^mini-batches: the
// message carries a, which any server can weigh against the centre it has by then.
void replica::write_statistics(const window_facts& closed, span<float> payload) const {
  for (std::size_t i = 0; i < statistics_.size(); ++i) {
    const double weight = moved_share(plan_->model.statistics_decay[i], closed.mini_batches);
    const double base = statistics_base_[i];
    const double moved = weight > 0 ? (statistics_[i] - base) / weight : 0;
    payload[i] = static_cast<float>(base + moved);
  }
}

// The same a moves the centre that is known now: s = d c + (1 - d) a.
void replica::rebase_statistics(const window_facts& trained, span<const float> center) {
  for (std::size_t i = 0; i < statistics_.size(); ++i) {
    const double kept = 1 - moved_share(plan_->model.statistics_decay[i], trained.mini_batches);
    const double moved = static_cast<double>(center[i]) - statistics_base_[i];
    statistics_[i] = static_cast<float>(statistics_[i] + kept * moved);
    statistics_base_[i] = center[i];
  }
}

void replica::answered_late(std::size_t slice, news what, const window_facts& trained,
                            span<const float> sent, span<const float> center) {
  const slice_range range = plan_->range_of(slice);
  if (plan_->is_statistics(slice)) {
    rebase_statistics(trained, center);
  } else if (what == news::repeat) {
    half_->on_late_repeat(range, sent, center, part(slice));
  } else {
    half_->on_late_center(range, sent, center, part(slice));
  }
}

void replica::answered(std::size_t slice, news what, span<const float> sent,
                       span<const float> center) {
  const slice_range range = plan_->range_of(slice);
  if (plan_->is_statistics(slice)) {
    if (what != news::pushed) install(slice, center);
    return;
  }
  switch (what) {
    case news::applied:
      half_->on_center(range, sent, center, part(slice));
      break;
    case news::repeat:
      half_->on_repeat(range, sent, center, part(slice));
      break;
    case news::dropped:
      half_->on_dropped(range, sent, center, part(slice));
      break;
    case news::pushed:
      half_->on_pushed(range, part(slice));
      break;
  }
}

void replica::fetched(std::size_t slice, span<const float> center) {
  if (plan_->is_statistics(slice)) return;  // exchanged with every commit
  half_->on_fetched(plan_->range_of(slice), center, part(slice));
}

}  // namespace troupe
