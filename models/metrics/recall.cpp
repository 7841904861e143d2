#include "troupe/models/metrics/class_counts.hpp"

namespace troupe::metrics {

// 0 for a class that is predicted but never occurs.
metric_entry recall() {
  return class_score_entry(
      "recall", "Share of the rows of a class that are predicted to be.", [](const class_count& c) {
        return c.actual ? static_cast<double>(c.right) / static_cast<double>(c.actual) : 0.0;
      });
}

}  // namespace troupe::metrics
