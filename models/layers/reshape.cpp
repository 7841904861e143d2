#include <fmt/format.h>

#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"
#include "troupe/models/layers/reshaping.hpp"

namespace troupe::layers {

namespace {

/// The wanted shape; one extent of -1 is whatever is left.
shape resolved_shape(const integers& wanted, const shape& input) {
  if (wanted.empty()) throw unfit("'shape' is empty");
  const std::size_t total = volume(input);
  std::size_t known = 1;
  int unknown = 0;
  for (std::int64_t extent : wanted) {
    if (extent == 0) throw unfit("'shape' has an extent of 0");
    if (extent < 0) {
      ++unknown;
    } else if (static_cast<std::size_t>(extent) > total / known) {
      known = total + 1;  // more than there is, and past it products might overflow
      break;
    } else {
      known *= static_cast<std::size_t>(extent);
    }
  }
  if (unknown > 1) throw unfit("'shape' leaves more than one extent open (-1)");
  const bool fits = known <= total && (unknown ? total % known == 0 : known == total);
  if (!fits) {
    throw unfit(fmt::format("{} numbers ({}) cannot be reshaped to [{}]", total, to_text(input),
                            fmt::join(wanted, ", ")));
  }
  shape out;
  for (std::int64_t extent : wanted) {
    out.push_back(extent < 0 ? total / known : static_cast<std::size_t>(extent));
  }
  return out;
}

}  // namespace

layer_entry reshape_layer() {
  layer_entry entry;
  entry.name = "reshape";
  entry.summary = "The same numbers under another shape.";
  entry.options.push_back(
      declare::integer_list("shape", "extents of a row; one may be -1: whatever is left")
          .at_least(-1)
          .required());
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<reshaping_layer>(resolved_shape(options.integer_list("shape"), input));
  };
  return entry;
}

}  // namespace troupe::layers
