#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace troupe::page {

/// How many values lie in each of a histogram's equal steps.
struct histogram {
  double low = 0, step = 1;
  std::vector<double> counts;
};

/// About 24 steps of a round width. Values that are not finite are left out; none: no steps.
histogram histogram_of(const std::vector<double>& values);

/// Least, quarter, half, three quarters, most and mean of the finite ones of some values.
struct quartiles {
  double least = 0, first = 0, median = 0, third = 0, most = 0, mean = 0;
  std::size_t count = 0;  ///< 0: there are none
};
quartiles quartiles_of(std::vector<double> values);

/// A histogram as a figure; "" without values. `what` are they, and what is counted: "staleness",
/// "report".
std::string histogram_figure(const std::string& title, const std::string& note,
                             const std::string& what, const std::string& counted_as,
                             const histogram& of);

/// A row of a figure of boxes: who, its look, and the values' spread.
struct box {
  std::string name;
  std::size_t look = 0;
  quartiles of;
};
std::string boxes_figure(const std::string& title, const std::string& note,
                         const std::vector<box>& boxes);

}  // namespace troupe::page
