#pragma once

#include "troupe/base/settings.hpp"
#include "troupe/config/yaml/node.hpp"

namespace troupe::yaml {

/// A node as the value of a declared setting. The declaration decides what a scalar means: `7` is
/// a number for `epochs` and a word for `label`.
/// \throws error (job) at the node's place for another type, a number that looks octal, a value
///         out of range or not among the choices.
setting_value value_of(const node& n, const setting& declared);

/// The text of a scalar that names something.
/// \throws error (job) for anything else; `what` says what was expected: "the name of a layer".
const std::string& word_of(const node& n, const std::string& what);

}  // namespace troupe::yaml
