#pragma once

#include <string>

#include "troupe/cluster/report/chart.hpp"

namespace troupe::page {

/// How a chart is shown: along which axis, and with which scale of values.
struct view {
  axis along = &moment::time;
  bool logarithmic = false;
};

/// The scales of a chart in a view. The page reads numbers off them.
struct frame {
  scale x, y;
};

/// One drawing of a chart, as SVG.
std::string plot_of(const chart& of, const view& seen);

/// Where the values of a chart lie; low == high: nowhere.
struct extent {
  double low = 0, high = 0;
};
extent values_of(const chart& of, bool logarithmic);

/// Above this a value leaves a linear drawing.
double ceiling_of(const chart& of);

}  // namespace troupe::page
