#include "troupe/optimizers/consistency.hpp"

namespace troupe {

#define TROUPE_CONSISTENCY(name) consistency_entry name##_consistency();
#include "troupe/optimizers/consistencies/consistencies.def"
#undef TROUPE_CONSISTENCY

registry<consistency_entry> builtin_consistencies() {
  registry<consistency_entry> known;
#define TROUPE_CONSISTENCY(name) known.add(name##_consistency());
#include "troupe/optimizers/consistencies/consistencies.def"
#undef TROUPE_CONSISTENCY
  return known;
}

}  // namespace troupe
