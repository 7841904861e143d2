#pragma once

#include "troupe/base/registry.hpp"
#include "troupe/models/metric.hpp"

namespace troupe {

/// All metrics that Troupe brings: metrics.def.
registry<metric_entry> builtin_metrics();

}  // namespace troupe
