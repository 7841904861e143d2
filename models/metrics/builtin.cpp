#include "troupe/models/metrics/builtin.hpp"

namespace troupe {

namespace metrics {

#define TROUPE_METRIC(name) metric_entry name();
#include "troupe/models/metrics/metrics.def"
#undef TROUPE_METRIC

}  // namespace metrics

registry<metric_entry> builtin_metrics() {
  registry<metric_entry> known;
#define TROUPE_METRIC(name) known.add(metrics::name());
#include "troupe/models/metrics/metrics.def"
#undef TROUPE_METRIC
  return known;
}

}  // namespace troupe
