// Softmax and cross-entropy in one: with logits z and a label y (one-hot, or any distribution),
//   loss = sum_j y_j (log sum_k exp z_k - z_j),   d loss / d z = softmax(z) sum_j y_j - y.
// Subtracting the largest logit first keeps exp in range (Goodfellow, Bengio, Courville: Deep
// learning, 2016, section 4.1).

#include <Eigen/Core>
#include <cmath>
#include <string>

#include "troupe/base/error.hpp"
#include "troupe/models/loss.hpp"

namespace troupe::losses {

namespace {

using row_in = Eigen::Map<const Eigen::ArrayXf>;
using row_out = Eigen::Map<Eigen::ArrayXf>;

std::size_t class_of(float label, std::size_t width, std::size_t row) {
  if (label >= 0 && label < static_cast<float>(width) && label == std::floor(label)) {
    return static_cast<std::size_t>(label);
  }
  throw data_error("", "label " + std::to_string(label) + " in row " + std::to_string(row) +
                           " of a mini-batch is not a class 0 .. " + std::to_string(width - 1));
}

class categorical_crossentropy_loss : public loss {
 public:
  std::string fused_activation() const override { return "softmax"; }

  double evaluate(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
                  std::size_t label_width, float* gradient) const override {
    const auto length = static_cast<Eigen::Index>(width);
    double total = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const row_in z(outputs + r * width, length);
      const float largest = z.maxCoeff<Eigen::PropagateNaN>();
      const float* y = labels + r * label_width;
      float* g = gradient ? gradient + r * width : nullptr;
      float sum = 0;
      if (g) {
        row_out e(g, length);
        e = (z - largest).exp();
        sum = e.sum();
      } else {
        sum = (z - largest).exp().sum();
      }
      const double log_sum = static_cast<double>(largest) + std::log(static_cast<double>(sum));
      total += label_width == 1 ? by_class(z, log_sum, class_of(*y, width, r), g, sum, rows)
                                : by_share(z, log_sum, row_in(y, length), g, sum, rows);
    }
    return total;
  }

 private:
  /// The loss of one row whose label is a class; g holds exp(z - largest) and becomes the gradient.
  static double by_class(const row_in& z, double log_sum, std::size_t k, float* g, float sum,
                         std::size_t rows) {
    if (g) {
      const float share = 1.0f / static_cast<float>(rows);
      row_out(g, z.size()) *= share / sum;
      g[k] -= share;
    }
    return log_sum - static_cast<double>(z[static_cast<Eigen::Index>(k)]);
  }

  /// The same for a label that gives each class its share.
  static double by_share(const row_in& z, double log_sum, const row_in& y, float* g, float sum,
                         std::size_t rows) {
    const float weight = y.sum();
    if (g) {
      const float share = 1.0f / static_cast<float>(rows);
      row_out e(g, z.size());
      e = e * (share * weight / sum) - y * share;
    }
    return static_cast<double>(weight) * log_sum - static_cast<double>((y * z).sum());
  }
};

}  // namespace

loss_entry categorical_crossentropy() {
  return {"categorical_crossentropy",
          "Cross-entropy of one class among several, fused with a final softmax.",
          label_use::classes, [] { return std::make_unique<categorical_crossentropy_loss>(); }};
}

}  // namespace troupe::losses
