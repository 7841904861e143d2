#include "troupe/models/layers/builtin.hpp"

namespace troupe {

registry<layer_entry> builtin_layers() {
  registry<layer_entry> all;
#define TROUPE_LAYER(name) all.add(layers::name##_layer());
#include "troupe/models/layers/layers.def"
#undef TROUPE_LAYER
  return all;
}

}  // namespace troupe
