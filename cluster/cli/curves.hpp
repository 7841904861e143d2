#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::cli {

struct curve_point {
  double seconds = 0;  ///< since training started
  double rows = 0;     ///< trained by then, by all workers together
  double value = 0;
};

/// How one run went. Values that are not finite leave a gap.
struct curve {
  std::string name;
  std::vector<curve_point> train_loss;  ///< over the mini-batches since the point before
  std::vector<curve_point> evaluated_loss, evaluated_accuracy;
};

struct page_content {
  std::string title;
  std::vector<curve> curves;
  std::vector<std::vector<std::string>> table;  ///< the first row is the head
  std::size_t first_number = 0;                 ///< columns before this one are words
  std::vector<std::string> notes;
};

/// A page of HTML that needs nothing but itself: curves as SVG in the page, a legend, the table,
/// the notes; light or dark as the reader's screen is. There are charts of training loss and of
/// evaluated accuracy (of evaluated loss, where no run has an accuracy), each over seconds and over
/// rows; a chart without points is left out.
std::string curves_page(const page_content& content);

/// Points in a row that lie in the same step of `step` along an axis, as their mean: reports of
/// several workers that came together become one point.
std::vector<curve_point> binned(const std::vector<curve_point>& points, double curve_point::*axis,
                                double step);

/// About `wanted` round numbers (1, 2, 2.5 or 5 times a power of ten apart) that lie from `low` to
/// `high`; one at least.
std::vector<double> round_ticks(double low, double high, int wanted);

/// "0.25", "20k", "1.5M"
std::string tick_text(double value);

}  // namespace troupe::cli
