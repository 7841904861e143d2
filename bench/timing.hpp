#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

/// What the programs here measure with.
namespace troupe::bench {

using ticks = std::chrono::steady_clock;

inline double seconds_since(ticks::time_point start) {
  return std::chrono::duration<double>(ticks::now() - start).count();
}

/// Of an even number of values, the upper one of the two in the middle. `values` is not empty.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace troupe::bench
