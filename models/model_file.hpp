#pragma once

#include <vector>

#include "troupe/base/sectioned_file.hpp"
#include "troupe/base/span.hpp"
#include "troupe/models/catalogue.hpp"
#include "troupe/models/model_spec.hpp"

namespace troupe {

/// Writes a model into three sections of a file: `model` (its architecture as JSON, below),
/// `parameters` and `statistics` (the flat vectors, 32-bit floats, little-endian). Other sections
/// (transforms, labels) are their owners' business.
///
///     {"input": [28, 28, 1],
///      "layers": [{"kind": "dense", "options": {"units": 10}}, ...],
///      "loss": "categorical_crossentropy",
///      "metrics": [{"name": "accuracy", "options": {}}, ...]}
void put_model(sectioned_file& file, const model_spec& spec, span<const float> parameters,
               span<const float> statistics);

struct stored_model {
  model_spec spec;  ///< options resolved
  std::vector<float> parameters, statistics;
};

/// Reads a model back and checks it against the catalogue: layers, loss and metrics are known,
/// their options resolve, the shapes fit each other, both vectors have the length that follows,
/// and every number is finite (a model that diverged predicts nothing).
/// \throws error (data) naming the file, the section and what is wrong with it.
stored_model get_model(const sectioned_file& file, const model_catalogue& catalogue);

}  // namespace troupe
