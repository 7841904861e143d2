#include "troupe/models/layers/pooling.hpp"

namespace troupe::layers {

std::vector<setting> pooling_options() {
  setting pool =
      extent_option("pool", "size of a window in pixels: one number, or [height, width]");
  pool.fallback = integers{2};
  return {pool,
          extent_option("stride", "pixels between windows, the size of a window unless given"),
          padding_option()};
}

window_geometry pooling_window(const settings& options, const shape& input,
                               const std::string& what) {
  const extent2d pool = read_extent(options, "pool");
  const extent2d stride = options.has("stride") ? read_extent(options, "stride") : pool;
  return make_window(input, pool, stride, options.text("padding") == "same", what);
}

}  // namespace troupe::layers
