#pragma once

#include "troupe/base/registry.hpp"
#include "troupe/models/layer.hpp"

namespace troupe {

/// The layers of layers.def.
registry<layer_entry> builtin_layers();

namespace layers {

// One maker each, in the file of the layer's name.
#define TROUPE_LAYER(name) layer_entry name##_layer();
#include "troupe/models/layers/layers.def"
#undef TROUPE_LAYER

}  // namespace layers

}  // namespace troupe
