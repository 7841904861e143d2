#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace troupe {

/// How loss and accuracy went since training began, in a bounded number of points: equal spans of
/// time, which double where they would become too many. What whoever begins to watch late is shown.
/// Adding a window takes constant time. No clock: times are handed in.
class training_curve {
 public:
  static constexpr std::size_t most_points = 120;
  static constexpr double first_span = 0.25;  ///< seconds

  /// A window that was reported at `time`; `rows` are trained by now, `count` of them in it.
  void add(double time, std::uint64_t rows, double loss_sum, std::uint64_t correct,
           std::uint64_t count);

  /// {"time": [...], "rows": [...], "loss": [...], "accuracy": [...]}: means over the rows of a
  /// span, and time and rows at its last window. Spans without one are left out.
  nlohmann::ordered_json json(bool with_accuracy) const;

 private:
  struct point {
    std::uint64_t span = 0;
    double time = 0, loss = 0;
    std::uint64_t rows = 0, correct = 0, count = 0;
  };
  void coarsen();
  static void merge(point& into, const point& later);

  std::vector<point> points_;
  double span_ = first_span;
};

}  // namespace troupe
