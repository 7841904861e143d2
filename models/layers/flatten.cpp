#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/reshaping.hpp"

namespace troupe::layers {

layer_entry flatten_layer() {
  layer_entry entry;
  entry.name = "flatten";
  entry.summary = "The same numbers in one row, as dense layers want them.";
  entry.make = [](const settings&, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<reshaping_layer>(shape{volume(input)});
  };
  return entry;
}

}  // namespace troupe::layers
