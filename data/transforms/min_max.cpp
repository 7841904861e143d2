#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "troupe/base/error.hpp"
#include "troupe/data/transforms/column_transform.hpp"

namespace troupe {

namespace {

numbers pair_of(const settings& options, const std::string& name) {
  numbers pair = options.number_list(name);
  if (pair.size() != 2) {
    throw job_error("", fmt::format("'{}' must be two numbers, not {}", name, pair.size()));
  }
  return pair;
}

/// y = to0 + (x - from0) (to1 - to0) / (from1 - from0). Without `from`, from0 and from1 are the
/// least and largest value of each column; a constant column becomes to0.
class min_max : public column_transform {
 public:
  explicit min_max(const settings& options) : to_(pair_of(options, "to")) {
    if (!options.has("from")) return;
    from_ = pair_of(options, "from");
    if (!(from_[0] < from_[1])) throw job_error("", "'from' must be two ascending numbers");
    set_map(map_of({from_[0]}, {from_[1]}));
  }

  bool needs_fit() const override { return from_.empty(); }

  std::vector<double> partial(const float* rows, std::size_t count) const override {
    std::vector<double> found(2 * volume(), std::numeric_limits<double>::infinity());
    double* least = found.data();
    double* largest = least + volume();
    std::fill(largest, largest + volume(), -std::numeric_limits<double>::infinity());
    for (std::size_t r = 0; r < count; ++r) {
      const float* row = rows + r * volume();
      for (std::size_t c = 0; c < volume(); ++c) {
        // Comparisons with a missing value are false, so it changes nothing.
        const auto x = static_cast<double>(row[c]);
        least[c] = x < least[c] ? x : least[c];
        largest[c] = x > largest[c] ? x : largest[c];
      }
    }
    return found;
  }

  void merge(std::vector<double>& total, const std::vector<double>& more) const override {
    for (std::size_t c = 0; c < volume(); ++c) {
      total[c] = std::min(total[c], more[c]);
      total[volume() + c] = std::max(total[volume() + c], more[volume() + c]);
    }
  }

  void finish(const std::vector<double>& total) override {
    state_ = total;
    for (std::size_t c = 0; c < volume(); ++c) {
      if (state_[c] > state_[volume() + c]) state_[c] = state_[volume() + c] = 0;  // all missing
    }
    set_state(state_);
  }

  std::vector<double> state() const override { return state_; }

  void set_state(const std::vector<double>& state) override {
    if (!needs_fit()) return expect_state(state, 0);
    expect_state(state, 2 * volume());
    state_ = state;
    const auto middle = state.begin() + static_cast<std::ptrdiff_t>(volume());
    set_map(map_of({state.begin(), middle}, {middle, state.end()}));
  }

 private:
  column_map map_of(const std::vector<double>& least, const std::vector<double>& largest) const {
    column_map map;
    map.scale.resize(least.size());
    map.shift.resize(least.size());
    for (std::size_t c = 0; c < least.size(); ++c) {
      const double width = largest[c] - least[c];
      map.scale[c] = width > 0 ? (to_[1] - to_[0]) / width : 0;
      map.shift[c] = to_[0] - least[c] * map.scale[c];
    }
    return map;
  }

  numbers from_, to_;
  std::vector<double> state_;
};

}  // namespace

transform_entry min_max_transform() {
  transform_entry entry;
  entry.name = "min_max";
  entry.summary = "stretches the range `from` to the range `to`";
  entry.options = {
      declare::number_list("from", "the range of the values; left out: of each column, as found"),
      declare::number_list("to", "the range wanted", numbers{0, 1})};
  entry.make = [](const settings& options) { return std::make_unique<min_max>(options); };
  return entry;
}

}  // namespace troupe
