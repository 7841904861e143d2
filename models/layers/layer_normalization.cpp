#include <algorithm>
#include <cmath>

#include "troupe/models/float_buffer.hpp"
#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"

namespace troupe::layers {

namespace {

/// The last axis of each row is brought to mean 0 and variance 1, then scaled by gamma and
/// shifted by beta. Ba, Kiros and Hinton, "Layer normalization", 2016 (arXiv:1607.06450).
class layer_normalization_pass final : public layer_pass {
 public:
  layer_normalization_pass(std::size_t outer, std::size_t width, float epsilon,
                           std::size_t largest_batch)
      : outer_(outer),
        width_(width),
        epsilon_(epsilon),
        mean_(largest_batch * outer),
        inverse_(largest_batch * outer) {}

  void forward(const float* parameters, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    const float* gamma = parameters;
    const float* beta = parameters + width_;
    for (std::size_t i = 0; i < rows * outer_; ++i, x += width_, y += width_) {
      double sum = 0, squares = 0;
      for (std::size_t c = 0; c < width_; ++c) sum += x[c];
      const auto mean = static_cast<float>(sum / static_cast<double>(width_));
      for (std::size_t c = 0; c < width_; ++c) {
        const double away = x[c] - mean;
        squares += away * away;
      }
      const auto variance = static_cast<float>(squares / static_cast<double>(width_));
      const float inverse = 1.0f / std::sqrt(variance + epsilon_);
      for (std::size_t c = 0; c < width_; ++c) {
        y[c] = gamma[c] * ((x[c] - mean) * inverse) + beta[c];
      }
      mean_.data()[i] = mean;
      inverse_.data()[i] = inverse;
    }
  }

  void backward(const float* parameters, const float* x, const float*, float* dy, float* gradient,
                float* dx, std::size_t rows, const draw&) override {
    float* dgamma = gradient;
    float* dbeta = gradient + width_;
    std::fill_n(gradient, 2 * width_, 0.0f);
    for (std::size_t i = 0; i < rows * outer_; ++i, x += width_, dy += width_) {
      const float mean = mean_.data()[i], inverse = inverse_.data()[i];
      for (std::size_t c = 0; c < width_; ++c) {
        dgamma[c] += dy[c] * (x[c] - mean) * inverse;
        dbeta[c] += dy[c];
      }
      if (!dx) continue;
      input_gradient(parameters, x, dy, mean, inverse, dx);
      dx += width_;
    }
  }

 private:
  /// dx = (g - mean(g) - normalised x mean(g normalised x)) / deviation, with g = gamma dy.
  void input_gradient(const float* gamma, const float* x, const float* dy, float mean,
                      float inverse, float* dx) const {
    double sum = 0, weighted = 0;
    for (std::size_t c = 0; c < width_; ++c) {
      const float g = gamma[c] * dy[c];
      sum += g;
      weighted += g * ((x[c] - mean) * inverse);
    }
    const auto level = static_cast<float>(sum / static_cast<double>(width_));
    const auto slope = static_cast<float>(weighted / static_cast<double>(width_));
    for (std::size_t c = 0; c < width_; ++c) {
      dx[c] = inverse * (gamma[c] * dy[c] - level - (x[c] - mean) * inverse * slope);
    }
  }

  std::size_t outer_, width_;
  float epsilon_;
  float_buffer mean_, inverse_;  // of each normalised run; inverse of the deviation
};

class layer_normalization final : public layer {
 public:
  layer_normalization(shape rows, float epsilon) : shape_(std::move(rows)), epsilon_(epsilon) {}
  shape output() const override { return shape_; }
  std::vector<parameter_block> parameters() const override {
    return {{"gamma", shape_.back(), parameter_block::start::ones, 0, 0},
            {"beta", shape_.back(), parameter_block::start::zeros, 0, 0}};
  }
  std::unique_ptr<layer_pass> prepare(std::size_t largest_batch, std::size_t) const override {
    const std::size_t width = shape_.back();
    return std::make_unique<layer_normalization_pass>(volume(shape_) / width, width, epsilon_,
                                                      largest_batch);
  }

 private:
  shape shape_;
  float epsilon_;
};

}  // namespace

layer_entry layer_normalization_layer() {
  layer_entry entry;
  entry.name = "layer_normalization";
  entry.summary = "Brings the last axis of each row to mean 0 and variance 1.";
  entry.options.push_back(
      declare::number("epsilon", "added to the variance, against division by zero", 0.001)
          .above(0));
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<layer_normalization>(input,
                                                 static_cast<float>(options.number("epsilon")));
  };
  return entry;
}

}  // namespace troupe::layers
