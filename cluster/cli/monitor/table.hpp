#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "grid.hpp"
#include "plot.hpp"

namespace troupe::cli {

/// "9214", "123k", "1.25M": at most five columns.
std::string short_number(double value);

/// A column of the monitor's tables.
template <class Row>
struct column {
  std::string head;
  int width = 0;
  bool number = true;  ///< stands at the right
  int rank = 0;        ///< where there is too little room the highest is left out first
  std::function<std::string(const Row&)> text;
  std::function<bool(const Row&, const Row&)> before;  ///< sorts; columns without are no choice
};

/// Columns between two of a table.
constexpr int table_gap = 2;

template <class Row>
int width_of(const std::vector<column<Row>>& columns) {
  int width = -table_gap;
  for (const auto& c : columns) width += c.width + table_gap;
  return width;
}

/// Leaves out what does not fit; of the same rank, the last.
template <class Row>
void fit(std::vector<column<Row>>& columns, int width) {
  while (columns.size() > 1 && width_of(columns) > width) {
    auto worst = columns.begin();
    for (auto c = columns.begin(); c != columns.end(); ++c) {
      if (c->rank >= worst->rank) worst = c;
    }
    columns.erase(worst);
  }
}

/// Draws the head, with an arrow at the column that is sorted by (none: an empty name), and rows
/// from `first` on as far as there is room.
template <class Row>
void draw_table(grid& on, const area& where, const std::vector<column<Row>>& columns,
                const std::vector<Row>& rows, std::size_t first, const std::string& sorted,
                bool reversed) {
  int x = where.x;
  for (const auto& c : columns) {
    const bool chosen = !sorted.empty() && c.head == sorted;
    std::string head = c.head;
    if (chosen) head += on.unicode() ? (reversed ? "▼" : "▲") : (reversed ? "v" : "^");
    const look style = chosen ? look::bold : look::dim;
    if (c.number) {
      on.put_right(x + c.width, where.y, head, style, c.width);
    } else {
      on.put(x, where.y, head, style, c.width);
    }
    for (int y = 1; y < where.height; ++y) {
      const std::size_t i = first + static_cast<std::size_t>(y - 1);
      if (i >= rows.size()) break;
      const std::string text = c.text(rows[i]);
      if (c.number) {
        on.put_right(x + c.width, where.y + y, text, rows[i].style, c.width);
      } else {
        on.put(x, where.y + y, text, rows[i].style, c.width);
      }
    }
    x += c.width + table_gap;
  }
}

}  // namespace troupe::cli
