#pragma once

#include <string>

#include "troupe/models/catalogue.hpp"
#include "troupe/models/committee.hpp"
#include "troupe/models/model_spec.hpp"

namespace troupe {

/// A model's architecture as JSON text, as model_file.hpp shows it, and back. What one model alone
/// is like goes without saying: `members` and `vote` are there for several only.
std::string to_json(const model_spec& spec, const committee_spec& form = {});

/// Options come back resolved against the catalogue.
/// \throws error (data) for text that is no JSON, of another form, or with a name that the
///         catalogue does not know; its place is the path in the text ("layers.2") or empty.
model_spec model_from_json(const std::string& text, const model_catalogue& catalogue);

/// How many models the text says there are, and how they vote. \throws error (data), as above.
committee_spec committee_from_json(const std::string& text);

}  // namespace troupe
