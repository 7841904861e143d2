#include "troupe/actors/run_plan.hpp"

#include <algorithm>
#include <random>

#include "troupe/config/check.hpp"
#include "troupe/optimizers/slices.hpp"

namespace troupe {

slice_range run_plan::range_of(std::size_t slice) const {
  if (is_statistics(slice)) return {static_cast<std::uint32_t>(slice), 0, model.statistics};
  return slices[slice];
}

std::uint32_t run_plan::home_of(std::size_t slice, std::size_t servers) const {
  if (is_statistics(slice)) return static_cast<std::uint32_t>(servers - 1);
  return static_cast<std::uint32_t>(slice * servers / slices.size());
}

std::size_t run_plan::largest_batch() const noexcept {
  return std::min<std::uint64_t>(of.training.batch_size, rows_per_epoch);
}

double run_plan::fraction(std::uint64_t epoch, std::uint64_t position) const noexcept {
  const auto total = static_cast<double>(total_rows());
  return total > 0 ? static_cast<double>(epoch * rows_per_epoch + position) / total : 0;
}

std::shared_ptr<run_plan> make_run_plan(const job& of, const catalogue& known,
                                        const prepared_data& data) {
  auto plan = std::make_shared<run_plan>();
  std::random_device entropy;
  plan->run = (std::uint64_t{entropy()} << 32) | entropy();
  plan->of = of;
  plan->known = known;
  plan->protocol =
      find_protocol(known.protocols, of.optimizer.protocol, of.place("optimizer.protocol"));
  plan->model = describe(of.model, known.models);
  plan->transforms = data.transforms;
  plan->label_width = data.train->label_width;
  plan->rows_per_epoch = data.train->rows();
  plan->has_validation = data.validation != nullptr;
  plan->has_evaluation = data.validation || data.test;
  plan->setup = setup_of(of, known, plan->model.parameters);
  if (of.optimizer.window_is_epoch) {
    const std::uint64_t share = std::uint64_t{of.training.batch_size} * of.actors.workers;
    plan->setup.window = static_cast<std::uint32_t>((plan->rows_per_epoch + share - 1) / share);
  }
  plan->setup.window = std::max(plan->setup.window, 1u);
  plan->slices =
      cut_slices(plan->model.parameters, of.actors.slice, of.actors.parameter_servers);
  return plan;
}

}  // namespace troupe
