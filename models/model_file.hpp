#pragma once

#include <vector>

#include "troupe/base/sectioned_file.hpp"
#include "troupe/base/span.hpp"
#include "troupe/models/catalogue.hpp"
#include "troupe/models/committee.hpp"
#include "troupe/models/model_spec.hpp"

namespace troupe {

/// Writes a model into three sections of a file: `model` (its architecture as JSON, below),
/// `parameters` and `statistics` (the flat vectors, 32-bit floats, little-endian; of several
/// models one after the other). Other sections (transforms, labels) are their owners' business.
/// `members` and `vote` stand in a file of several models only.
///
///     {"members": 3, "vote": "mean",
///      "input": [28, 28, 1],
///      "layers": [{"kind": "dense", "options": {"units": 10}}, ...],
///      "loss": "categorical_crossentropy",
///      "metrics": [{"name": "accuracy", "options": {}}, ...]}
void put_model(sectioned_file& file, const model_spec& spec, span<const float> parameters,
               span<const float> statistics, const committee_spec& form = {});

struct stored_model {
  model_spec spec;  ///< options resolved
  committee_spec form;
  std::vector<float> parameters, statistics;  ///< of all members
};

/// Reads a model back and checks it against the catalogue: layers, loss and metrics are known,
/// their options resolve, the shapes fit each other, both vectors have the length that follows
/// for all members, and every number is finite (a model that diverged predicts nothing).
/// \throws error (data) naming the file, the section and what is wrong with it.
stored_model get_model(const sectioned_file& file, const model_catalogue& catalogue);

}  // namespace troupe
