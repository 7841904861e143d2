#pragma once

#include <cstddef>
#include <vector>

namespace troupe::page {

/// A value of a run at a moment of it.
struct moment {
  double time = 0;  ///< seconds since training started
  double rows = 0;  ///< trained by then, by all workers together
  double value = 0;
};

using axis = double moment::*;

/// Whether all of it are numbers to reckon with.
bool finite(const moment& m);

/// At most about `most` of the moments: of those in a row that share a step of the axis the first,
/// the lowest, the highest and the last stay, in their order. So no peak is lost. Values that are
/// not finite stay as one gap.
std::vector<moment> thinned(const std::vector<moment>& all, axis along, std::size_t most);

/// What moments of the same step come to.
struct gathered {
  moment mean;
  double low = 0, high = 0;
};

/// Moments in a row that lie in the same step of `step` along an axis, as their mean, the lowest
/// and the highest: reports of several workers that came together become one point. Those that are
/// not finite are left out.
std::vector<gathered> gather(const std::vector<moment>& all, axis along, double step);

}  // namespace troupe::page
