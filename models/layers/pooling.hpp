#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "troupe/models/layers/common_options.hpp"

/// What the pooling layers share: options, geometry, and the walk over windows.
namespace troupe::layers {

std::vector<setting> pooling_options();

/// \throws error (job), as `make_window`.
window_geometry pooling_window(const settings& options, const shape& input,
                               const std::string& what);

/// The part of one window that lies inside the input.
struct window_part {
  std::size_t top, bottom, left, right;  ///< bottom and right are one past
  std::size_t cells() const noexcept { return (bottom - top) * (right - left); }
};

/// Calls visit(part, offset of the output cell) for each window of one row's picture.
template <class Visit>
void for_each_window(const window_geometry& g, Visit visit) {
  const auto part = [](std::size_t start, std::size_t window, std::size_t pad, std::size_t input) {
    const std::size_t first = start > pad ? start - pad : 0;
    return std::make_pair(first, std::min(start + window - pad, input));
  };
  std::size_t to = 0;
  for (std::size_t i = 0; i < g.out_height; ++i) {
    const auto rows = part(i * g.stride_height, g.window_height, g.pad_top, g.height);
    for (std::size_t j = 0; j < g.out_width; ++j, to += g.channels) {
      const auto columns = part(j * g.stride_width, g.window_width, g.pad_left, g.width);
      visit(window_part{rows.first, rows.second, columns.first, columns.second}, to);
    }
  }
}

/// Calls visit(offset of the input cell) for each cell of a part.
template <class Visit>
void for_each_cell(const window_geometry& g, const window_part& part, Visit visit) {
  for (std::size_t h = part.top; h < part.bottom; ++h) {
    for (std::size_t w = part.left; w < part.right; ++w) visit((h * g.width + w) * g.channels);
  }
}

}  // namespace troupe::layers
