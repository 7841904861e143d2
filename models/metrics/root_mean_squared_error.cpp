#include <cmath>

#include "troupe/models/metrics/difference.hpp"

namespace troupe::metrics {

metric_entry root_mean_squared_error() {
  return difference_entry(
      "root_mean_squared_error", "Root of the mean of (output - label)^2.",
      [](double difference) { return difference * difference; },
      [](double mean) { return std::sqrt(mean); });
}

}  // namespace troupe::metrics
