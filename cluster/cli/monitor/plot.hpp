#pragma once

#include <utility>
#include <vector>

#include "grid.hpp"

namespace troupe::cli {

/// Columns and rows of a part of the screen.
struct area {
  int x = 0, y = 0, width = 0, height = 0;
};

/// Draws a line through points of ascending x, which fills the area: in dots of braille, eight to a
/// cell, or in ASCII, two to a cell.
void draw_line(grid& on, const area& where, const std::vector<std::pair<double, double>>& points,
               look style);

/// A bar of so many columns, of which `share` (0 to 1) is full, to an eighth of a column.
void draw_bar(grid& on, int x, int y, int columns, double share, look style);

}  // namespace troupe::cli
