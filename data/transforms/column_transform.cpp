#include "troupe/data/transforms/column_transform.hpp"

#include <fmt/format.h>

#include <cmath>

#include "troupe/base/error.hpp"
#include "troupe/data/transform_plan.hpp"

namespace troupe {

std::vector<std::size_t> column_transform::output(const std::vector<std::size_t>& input) {
  volume_ = 1;
  for (const std::size_t extent : input) volume_ *= extent;
  return input;
}

void column_transform::apply(float* rows, std::size_t count) const {
  transform_plan plan;
  plan.add(map_);
  plan.finish_in_place(rows, count, volume_);
}

void expect_state(const std::vector<double>& state, std::size_t count) {
  if (state.size() != count) {
    throw data_error("", fmt::format("{} fitted numbers instead of {}", state.size(), count));
  }
  for (const double number : state) {
    if (!std::isfinite(number)) throw data_error("", "a fitted number is not finite");
  }
}

}  // namespace troupe
