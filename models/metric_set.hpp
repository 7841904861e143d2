#pragma once

#include <memory>
#include <string>
#include <vector>

#include "troupe/models/catalogue.hpp"
#include "troupe/models/model_spec.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

/// A metric of a model at work.
struct named_metric {
  std::string name;
  bool higher_is_better = true;
  std::unique_ptr<metric> scorer;
};

/// The metrics of a model, in its order, empty and ready for rows of `summary`'s outputs.
/// \throws error (job) for an unknown metric, a wrong option, or a metric that means nothing for
///         such outputs; its place is the path in the job: "model.metrics.0".
std::vector<named_metric> make_metrics(const model_spec& spec, const model_summary& summary,
                                       const model_catalogue& catalogue);

}  // namespace troupe
