#include "troupe/models/metrics/class_counts.hpp"

namespace troupe::metrics {

// 0 for a class that occurs but is never predicted.
metric_entry precision() {
  return class_score_entry(
      "precision", "Share of the rows predicted to be of a class that are.",
      [](const class_count& c) {
        return c.predicted ? static_cast<double>(c.right) / static_cast<double>(c.predicted) : 0.0;
      });
}

}  // namespace troupe::metrics
