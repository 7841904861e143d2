#pragma once

#include "troupe/base/registry.hpp"
#include "troupe/models/gradient_rule.hpp"

namespace troupe {

/// All gradient rules that Troupe brings: rules.def.
registry<rule_entry> builtin_rules();

}  // namespace troupe
