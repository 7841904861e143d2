#include "troupe/models/metrics/class_counts.hpp"

namespace troupe::metrics {

// 2 right / (predicted + actual): the harmonic mean of precision and recall (van Rijsbergen 1979).
metric_entry f1() {
  return class_score_entry(
      "f1", "Harmonic mean of precision and recall.", [](const class_count& c) {
        return 2 * static_cast<double>(c.right) / static_cast<double>(c.predicted + c.actual);
      });
}

}  // namespace troupe::metrics
