#include <cmath>

#include "troupe/data/transforms/column_sums.hpp"
#include "troupe/data/transforms/column_transform.hpp"

namespace troupe {

namespace {

/// y = (x - mean) / deviation, of each column, with the deviation of the population (divided by
/// n). A constant column becomes 0.
class standard : public column_transform {
 public:
  bool needs_fit() const override { return true; }

  std::vector<double> partial(const float* rows, std::size_t count) const override {
    return column_sums(rows, count, volume());
  }
  void merge(std::vector<double>& total, const std::vector<double>& more) const override {
    merge_column_sums(total, more);
  }
  void finish(const std::vector<double>& total) override {
    std::vector<double> fitted(2 * volume());
    for (std::size_t c = 0; c < volume(); ++c) {
      const double n = total[c], mean = total[volume() + c];
      const double variance = n > 0 ? total[2 * volume() + c] / n : 0;
      const double deviation = std::sqrt(variance);
      fitted[c] = mean;
      // Below the rounding of the mean itself, a deviation is noise of the arithmetic.
      fitted[volume() + c] = deviation > 1e-12 * std::abs(mean) ? deviation : 0;
    }
    set_state(fitted);
  }
  std::vector<double> state() const override { return state_; }

  void set_state(const std::vector<double>& state) override {
    expect_state(state, 2 * volume());
    state_ = state;
    column_map map;
    map.scale.resize(volume());
    map.shift.resize(volume());
    for (std::size_t c = 0; c < volume(); ++c) {
      const double deviation = state[volume() + c];
      map.scale[c] = deviation > 0 ? 1 / deviation : 0;
      map.shift[c] = -state[c] * map.scale[c];
    }
    set_map(std::move(map));
  }

 private:
  std::vector<double> state_;  // means, deviations
};

}  // namespace

transform_entry standard_transform() {
  transform_entry entry;
  entry.name = "standard";
  entry.summary = "gives each column mean 0 and standard deviation 1 over the training part";
  entry.make = [](const settings&) { return std::make_unique<standard>(); };
  return entry;
}

}  // namespace troupe
