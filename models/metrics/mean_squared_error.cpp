#include "troupe/models/metrics/difference.hpp"

namespace troupe::metrics {

metric_entry mean_squared_error() {
  return difference_entry(
      "mean_squared_error", "Mean of (output - label)^2.",
      [](double difference) { return difference * difference; }, [](double mean) { return mean; });
}

}  // namespace troupe::metrics
