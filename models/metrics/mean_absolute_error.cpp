#include <cmath>

#include "troupe/models/metrics/difference.hpp"

namespace troupe::metrics {

metric_entry mean_absolute_error() {
  return difference_entry(
      "mean_absolute_error", "Mean of |output - label|.",
      [](double difference) { return std::fabs(difference); }, [](double mean) { return mean; });
}

}  // namespace troupe::metrics
