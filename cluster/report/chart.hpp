#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/cluster/report/scale.hpp"
#include "troupe/cluster/report/thin.hpp"

namespace troupe::page {

constexpr double chart_width = 640, chart_height = 300;

/// One curve of a chart.
struct series {
  /// `line`: the moments, thinned. `points`: the same, with a dot on each. `mean`: the mean of
  /// those that came together, in a band from the lowest to the highest.
  enum class drawn { line, points, mean };

  std::string name;
  std::size_t look = 0;
  drawn as = drawn::line;
  std::vector<moment> moments;
};

/// Something that happened, as a sign in a chart over time.
struct sign {
  double time = 0;
  double value = 0;  ///< not-a-number: at the bottom of the chart
  char shape =
      '|';  ///< 'v' and '^': triangles, 'x': a cross, 'o': a ring, '|': a line from top to bottom
  std::size_t look = 0;
  std::string text;  ///< what it was; shown where one points at it
};

struct chart {
  std::string title;
  std::string note;        ///< below it: how it is to be read
  std::string value_name;  ///< "loss", "rows a second"
  std::vector<series> all;
  std::vector<sign> signs;
  bool over_rows = true;     ///< whether it can be shown over rows, beside over time
  bool logarithmic = false;  ///< and logarithmically, beside linearly
  bool from_zero = false;    ///< 0 is in sight
  /// A loss that runs away leaves the linear chart instead of flattening all else.
  bool limits_rise = false;
  double end = 0;              ///< of the time axis, at least
  double width = chart_width;  ///< beside its height of 300
};

/// The chart as a figure: a drawing for every way it can be shown, of which the page shows one, and
/// a legend. "" where no series has a number.
std::string figure_of(const chart& of);

}  // namespace troupe::page
