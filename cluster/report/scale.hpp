#pragma once

#include <string>
#include <vector>

namespace troupe::page {

/// About `wanted` round numbers (1, 2, 2.5 or 5 times a power of ten apart) that lie from `low` to
/// `high`; one at least.
std::vector<double> round_ticks(double low, double high, int wanted);

/// Powers of ten from `low` to `high`, which are above 0; with their 2- and 5-folds where there are
/// few of them.
std::vector<double> log_ticks(double low, double high);

/// "0.25", "20k", "1.5M"
std::string tick_text(double value);

/// Where numbers lie on a page: `low` at `from`, `high` at `to`, linearly or by their logarithms.
struct scale {
  double low = 0, high = 1;
  double from = 0, to = 1;
  bool logarithmic = false;

  /// Of what is far outside, a place not too far outside.
  double at(double value) const;
  std::vector<double> ticks(int wanted) const;
};

}  // namespace troupe::page
