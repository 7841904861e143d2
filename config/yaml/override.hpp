#pragma once

#include <string>

#include "troupe/config/yaml/node.hpp"

namespace troupe::yaml {

/// Puts `--set PATH=VALUE` into the tree. PATH is names and list indices joined by dots
/// (`model.layers.0.conv2d.filters`); VALUE is YAML; `null` takes the key away, and the index just
/// behind a list's end appends. Maps on the way are made where they are missing, and a bare name
/// becomes a map where the path goes on behind it: after `- flatten`, `layers.2.flatten.x`; after
/// `gradient_rule: adam`, `gradient_rule.learning_rate`.
/// Whether the names mean anything is for the reader of the tree to say: what was set carries the
/// option as its place.
/// \throws error (job) whose place is the option.
void set(node& root, const std::string& assignment);

}  // namespace troupe::yaml
