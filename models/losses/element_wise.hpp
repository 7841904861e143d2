#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>

#include "troupe/models/loss.hpp"

namespace troupe::losses {

using float_array = Eigen::Map<const Eigen::ArrayXf>;

/// max(a, 0), and not-a-number where a is: Eigen's max may drop it.
template <class A>
auto positive_part(const A& a) {
  return 0.5f * (a + a.abs());
}

/// A loss that is the mean over a row's outputs of a function of one output and its label.
///
/// `Terms` has two static functions of Eigen arrays (outputs, labels): `value`, the loss of each
/// output, and `slope`, its derivative by the output. Labels are as wide as the outputs. A value
/// is not-a-number where the output is: divergence must show in the loss.
template <class Terms>
class element_wise_loss : public loss {
 public:
  double evaluate(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
                  std::size_t /*label_width*/, float* gradient) const final {
    // Pieces that stay in the nearest cache; within one, floats add up exactly enough.
    constexpr std::size_t piece = 1024;
    const std::size_t count = rows * width;
    const float share = 1.0f / static_cast<float>(count);
    double total = 0;
    for (std::size_t at = 0; at < count; at += piece) {
      const auto length = static_cast<Eigen::Index>(std::min(piece, count - at));
      const float_array p(outputs + at, length), y(labels + at, length);
      total += static_cast<double>(Terms::value(p, y).sum());
      if (gradient) {
        Eigen::Map<Eigen::ArrayXf>(gradient + at, length) = Terms::slope(p, y) * share;
      }
    }
    return total / static_cast<double>(std::max<std::size_t>(width, 1));
  }
};

}  // namespace troupe::losses
