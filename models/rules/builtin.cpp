#include "troupe/models/rules/builtin.hpp"

namespace troupe {

namespace rules {

#define TROUPE_RULE(name) rule_entry name();
#include "troupe/models/rules/rules.def"
#undef TROUPE_RULE

}  // namespace rules

registry<rule_entry> builtin_rules() {
  registry<rule_entry> known;
#define TROUPE_RULE(name) known.add(rules::name());
#include "troupe/models/rules/rules.def"
#undef TROUPE_RULE
  return known;
}

}  // namespace troupe
