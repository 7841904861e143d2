#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace troupe::cli {

namespace {

/// Dots that are set or not, some to a cell.
class raster {
 public:
  raster(const area& where, int across, int down)
      : where_(where),
        across_(across),
        down_(down),
        cells_(static_cast<std::size_t>(where.width) * static_cast<std::size_t>(where.height)) {}

  int width() const { return where_.width * across_; }
  int height() const { return where_.height * down_; }
  void set(int x, int y) {
    const int cell = (y / down_) * where_.width + x / across_;
    cells_[static_cast<std::size_t>(cell)] |= 1u << ((x % across_) * down_ + y % down_);
  }
  /// Bit (x * down + y) is the dot in column x and row y of the cell.
  unsigned cell(int x, int y) const {
    return cells_[static_cast<std::size_t>(y * where_.width + x)];
  }

 private:
  area where_;
  int across_, down_;
  std::vector<unsigned> cells_;
};

/// Braille numbers the dots of the two columns downwards, but for the last row.
char32_t braille(unsigned dots) {
  static constexpr unsigned bits[] = {0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80};
  char32_t out = 0x2800;
  for (unsigned i = 0; i < 8; ++i) out += (dots >> i) & 1u ? bits[i] : 0u;
  return out;
}

double between(const std::vector<std::pair<double, double>>& points, double x) {
  const auto next = std::lower_bound(points.begin(), points.end(), x,
                                     [](const auto& p, double at) { return p.first < at; });
  if (next == points.begin()) return next->second;
  if (next == points.end()) return points.back().second;
  const auto& before = *(next - 1);
  const double span = next->first - before.first;
  const double part = span > 0 ? (x - before.first) / span : 1;
  return before.second + part * (next->second - before.second);
}

}  // namespace

void draw_line(grid& on, const area& where, const std::vector<std::pair<double, double>>& points,
               look style) {
  if (points.empty() || where.width <= 0 || where.height <= 0) return;
  raster dots(where, on.unicode() ? 2 : 1, on.unicode() ? 4 : 2);
  double least = points.front().second, most = least;
  for (const auto& p : points) {
    least = std::min(least, p.second);
    most = std::max(most, p.second);
  }
  const double first = points.front().first, last = points.back().first;
  const int top = dots.height() - 1;
  std::optional<int> before;
  for (int x = 0; x < dots.width(); ++x) {
    const double part = dots.width() > 1 ? x / static_cast<double>(dots.width() - 1) : 1;
    const double value = between(points, first + part * (last - first));
    const double high = most > least ? (value - least) / (most - least) : 0.5;
    const int y = top - static_cast<int>(std::lround(high * top));
    // Steep parts are drawn through.
    const int from = before.value_or(y);
    for (int i = std::min(from + (from < y), y); i <= std::max(from - (from > y), y); ++i) {
      dots.set(x, i);
    }
    before = y;
  }
  for (int y = 0; y < where.height; ++y) {
    for (int x = 0; x < where.width; ++x) {
      const unsigned cell = dots.cell(x, y);
      if (cell == 0) continue;
      static constexpr char32_t ascii[] = {U' ', U'\'', U'.', U':'};
      on.set(where.x + x, where.y + y, on.unicode() ? braille(cell) : ascii[cell & 3u], style);
    }
  }
}

void draw_bar(grid& on, int x, int y, int columns, double share, look style) {
  const double full = std::clamp(share, 0.0, 1.0) * columns;
  for (int i = 0; i < columns; ++i) {
    const double here = std::clamp(full - i, 0.0, 1.0);
    if (!on.unicode()) {
      on.set(x + i, y, here >= 0.5 ? U'#' : U'.', here >= 0.5 ? style : look::dim);
    } else if (const auto eighths = static_cast<char32_t>(here * 8); eighths > 0) {
      on.set(x + i, y, 0x2590 - eighths, style);
    } else {
      on.set(x + i, y, U'·', look::dim);
    }
  }
}

}  // namespace troupe::cli
