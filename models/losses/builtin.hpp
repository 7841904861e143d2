#pragma once

#include "troupe/base/registry.hpp"
#include "troupe/models/loss.hpp"

namespace troupe {

/// All losses that Troupe brings: losses.def.
registry<loss_entry> builtin_losses();

}  // namespace troupe
