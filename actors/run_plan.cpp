#include "troupe/actors/run_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "troupe/config/check.hpp"
#include "troupe/optimizers/shared_parameters.hpp"
#include "troupe/optimizers/slices.hpp"

namespace troupe {

namespace {

/// Workers of a run, and servers, with those that join.
constexpr std::uint32_t most_actors = 65536;

}  // namespace

slice_range run_plan::range_of(std::size_t slice) const {
  const std::size_t at = slice % group_slices();
  slice_range out = is_statistics(slice) ? slice_range{0, 0, model.statistics} : slices[at];
  out.index = static_cast<std::uint32_t>(slice);
  return out;
}

std::uint32_t run_plan::home_of(std::size_t slice, std::size_t servers) const {
  const std::size_t at = slice % group_slices();
  if (is_statistics(slice)) return static_cast<std::uint32_t>(servers - 1);
  return static_cast<std::uint32_t>(at * servers / slices.size());
}

std::uint32_t run_plan::most_workers() const {
  const bool draw_alike = groups == 1 && (of.supervisor.rebalance || in_rounds());
  return of.cluster && draw_alike ? std::max(most_actors, setup.workers) : setup.workers;
}

std::uint32_t run_plan::most_servers() const {
  const std::uint32_t count = of.actors.parameter_servers;
  return of.cluster ? std::max(most_actors, count) : count;
}

std::size_t run_plan::largest_batch() const noexcept {
  return std::min<std::uint64_t>(of.training.batch_size, rows_per_epoch);
}

std::uint64_t run_plan::group_rows(std::uint32_t group) const noexcept {
  if (!disjoint) return rows_per_epoch;
  return rows_per_epoch * (group + 1) / groups - rows_per_epoch * group / groups;
}

std::uint64_t run_plan::epoch_rows() const noexcept {
  return disjoint ? rows_per_epoch : rows_per_epoch * groups;
}

double run_plan::fraction(std::uint32_t group, std::uint64_t epoch,
                          std::uint64_t position) const noexcept {
  const auto rows = static_cast<double>(group_rows(group));
  const double total = rows * of.training.epochs;
  if (!(total > 0)) return 0;
  return std::min(1.0, (static_cast<double>(epoch) * rows + static_cast<double>(position)) / total);
}

std::uint64_t run_plan::seed_of(std::uint32_t group) const noexcept {
  return group == 0 ? of.seed : mix(of.seed ^ mix(group));
}

epoch_order run_plan::order_of(std::uint64_t epoch, std::uint32_t group) const {
  const permutation within(seed_of(group), epoch, group_rows(group), of.data.shuffle);
  if (!disjoint) return epoch_order(within);
  // Dealt by the seed: rows of a file often stand in the order of their labels.
  const permutation dealt(of.seed, 0, rows_per_epoch, true, random_purpose::ensemble);
  return {within, dealt, rows_per_epoch * group / groups};
}

bool run_plan::closes_rounds() const {
  return consistency.closes_rounds && consistency.closes_rounds(of.optimizer.consistency.options);
}

protocol_setup run_plan::setup_at(double factor) const {
  if (!(factor > 0 && factor <= 1)) throw run_error("learning rate", "its factor is not in (0, 1]");
  protocol_setup out = setup;
  if (factor == 1) return out;
  const auto slow = [&](settings& options) {
    if (!options.has("learning_rate")) return;
    options.set("learning_rate", options.number("learning_rate") * factor);
  };
  slow(out.rule.options);
  if (out.server_rule) slow(out.server_rule->options);
  // A protocol with a rule of its own has its rate among its options.
  if (protocol.rule == rule_place::none) slow(out.options);
  return out;
}

std::uint32_t run_plan::backup_workers() const {
  const settings& options = of.optimizer.consistency.options;
  return closes_rounds() && options.has("backup_workers")
             ? static_cast<std::uint32_t>(options.integer("backup_workers"))
             : 0;
}

data_facts facts_of(const prepared_data& data) {
  return {data.transforms, data.train->label_width, data.train->rows(), data.validation != nullptr,
          data.test != nullptr};
}

std::uint64_t new_run_number() {
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}

std::shared_ptr<run_plan> make_run_plan(const job& of, const catalogue& known,
                                        const data_facts& data, std::uint64_t run) {
  auto plan = std::make_shared<run_plan>();
  plan->run = run;
  plan->of = of;
  plan->known = known;
  plan->protocol =
      find_protocol(known.protocols, of.optimizer.protocol, of.place("optimizer.protocol"));
  plan->model = describe(of.model, known.models);
  plan->transforms = data.transforms;
  plan->label_width = data.label_width;
  plan->rows_per_epoch = data.rows;
  plan->has_validation = data.has_validation;
  plan->has_evaluation = data.has_validation || data.has_test;
  plan->setup = setup_of(of, known, plan->model.parameters);
  if (of.optimizer.window_is_epoch) {
    const std::uint64_t share = std::uint64_t{of.training.batch_size} * of.actors.workers;
    plan->setup.window = static_cast<std::uint32_t>((plan->rows_per_epoch + share - 1) / share);
  }
  plan->setup.window = std::max(plan->setup.window, 1u);
  plan->consistency = known.consistencies.at(of.optimizer.consistency.name,
                                             of.place("optimizer.consistency.name"), "consistency");
  plan->compression = known.compressions.at(of.optimizer.compression.name,
                                            of.place("optimizer.compression.name"), "compression");
  if (plan->protocol.shares_parameters) {
    plan->setup.shared = std::make_shared<shared_parameters>(plan->model.parameters);
  }
  if (plan->protocol.separate_models) {
    plan->groups = of.actors.workers;
    plan->disjoint =
        of.optimizer.options.has("data") && of.optimizer.options.text("data") == "disjoint";
    if (plan->disjoint && plan->rows_per_epoch < plan->groups) {
      throw job_error(of.place("optimizer.data"), fmt::format("{} models cannot share {} rows",
                                                              plan->groups, plan->rows_per_epoch));
    }
  }
  plan->slices = cut_slices(plan->model.parameters, of.actors.slice, of.actors.parameter_servers);
  return plan;
}

}  // namespace troupe
