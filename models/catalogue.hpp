#pragma once

#include "troupe/base/registry.hpp"
#include "troupe/models/gradient_rule.hpp"
#include "troupe/models/layer.hpp"
#include "troupe/models/loss.hpp"
#include "troupe/models/metric.hpp"

namespace troupe {

/// Everything a model can be made of. A value, handed down from `main`.
struct model_catalogue {
  registry<layer_entry> layers;
  registry<loss_entry> losses;
  registry<metric_entry> metrics;
  registry<rule_entry> rules;

  /// All that Troupe brings: layers/layers.def, losses/losses.def, metrics/metrics.def,
  /// rules/rules.def.
  static model_catalogue builtin();
};

}  // namespace troupe
