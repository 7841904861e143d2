#include "troupe/models/losses/builtin.hpp"

namespace troupe {

namespace losses {

#define TROUPE_LOSS(name) loss_entry name();
#include "troupe/models/losses/losses.def"
#undef TROUPE_LOSS

}  // namespace losses

registry<loss_entry> builtin_losses() {
  registry<loss_entry> known;
#define TROUPE_LOSS(name) known.add(losses::name());
#include "troupe/models/losses/losses.def"
#undef TROUPE_LOSS
  return known;
}

}  // namespace troupe
