#include <algorithm>
#include <cmath>
#include <vector>

#include "troupe/models/float_buffer.hpp"
#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"

namespace troupe::layers {

namespace {

struct batch_options {
  float momentum, epsilon;
};

/// Each channel (the last axis) is brought to mean 0 and variance 1 over the mini-batch, then
/// scaled by gamma and shifted by beta. Ioffe and Szegedy, "Batch normalization", ICML 2015.
/// Prediction uses running statistics: running <- momentum running + (1 - momentum) batch, with
/// the biased variance, as in Keras.
///
/// parameters: gamma, beta; statistics: running mean, running variance; each `channels` long.
class batch_normalization_pass final : public layer_pass {
 public:
  batch_normalization_pass(std::size_t outer, std::size_t channels, batch_options options)
      : outer_(outer),
        channels_(channels),
        options_(options),
        mean_(channels),
        inverse_(channels),
        factor_(channels),
        shift_(channels),
        first_sum_(channels),
        second_sum_(channels) {}

  void forward(const float* parameters, float* statistics, const float* x, float* y,
               std::size_t rows, bool training, const draw&) override {
    if (training) {
      measure(x, rows * outer_);
      update(statistics);
    } else {
      for (std::size_t c = 0; c < channels_; ++c) {
        mean_.data()[c] = statistics[c];
        inverse_.data()[c] = 1.0f / std::sqrt(statistics[channels_ + c] + options_.epsilon);
      }
    }
    for (std::size_t c = 0; c < channels_; ++c) {
      factor_.data()[c] = parameters[c] * inverse_.data()[c];
      shift_.data()[c] = parameters[channels_ + c] - mean_.data()[c] * factor_.data()[c];
    }
    const float* factor = factor_.data();
    const float* shift = shift_.data();
    for (std::size_t i = 0; i < rows * outer_; ++i, x += channels_, y += channels_) {
      for (std::size_t c = 0; c < channels_; ++c) y[c] = factor[c] * x[c] + shift[c];
    }
  }

  void backward(const float* parameters, const float* x, const float*, float* dy, float* gradient,
                float* dx, std::size_t rows, const draw&) override {
    const std::size_t cells = rows * outer_;
    sum_gradients(x, dy, cells);
    const float* mean = mean_.data();
    const float* inverse = inverse_.data();
    for (std::size_t c = 0; c < channels_; ++c) {
      gradient[c] = static_cast<float>(second_sum_[c]) * inverse[c];
      gradient[channels_ + c] = static_cast<float>(first_sum_[c]);
    }
    if (!dx) return;
    // dx = gamma / deviation (dy - mean(dy) - normalised x mean(dy normalised x))
    const float share = 1.0f / static_cast<float>(cells);
    float* slope = factor_.data();
    float* level = shift_.data();
    for (std::size_t c = 0; c < channels_; ++c) {
      slope[c] = share * gradient[c] * inverse[c];
      level[c] = share * gradient[channels_ + c];
    }
    for (std::size_t i = 0; i < cells; ++i, x += channels_, dy += channels_, dx += channels_) {
      for (std::size_t c = 0; c < channels_; ++c) {
        dx[c] = parameters[c] * inverse[c] * (dy[c] - level[c] - (x[c] - mean[c]) * slope[c]);
      }
    }
  }

 private:
  // Sums in double: the cells of a mini-batch of pictures are many.
  void measure(const float* x, std::size_t cells) {
    std::fill(first_sum_.begin(), first_sum_.end(), 0.0);
    for (std::size_t i = 0; i < cells; ++i) {
      for (std::size_t c = 0; c < channels_; ++c) first_sum_[c] += x[i * channels_ + c];
    }
    for (std::size_t c = 0; c < channels_; ++c) {
      mean_.data()[c] = static_cast<float>(first_sum_[c] / static_cast<double>(cells));
    }
    const float* mean = mean_.data();
    std::fill(second_sum_.begin(), second_sum_.end(), 0.0);
    for (std::size_t i = 0; i < cells; ++i) {
      for (std::size_t c = 0; c < channels_; ++c) {
        const double away = x[i * channels_ + c] - mean[c];
        second_sum_[c] += away * away;
      }
    }
    for (std::size_t c = 0; c < channels_; ++c) {
      second_sum_[c] /= static_cast<double>(cells);
      inverse_.data()[c] = 1.0f / std::sqrt(static_cast<float>(second_sum_[c]) + options_.epsilon);
    }
  }

  void update(float* statistics) {
    if (!statistics) return;
    const float keep = options_.momentum;
    for (std::size_t c = 0; c < channels_; ++c) {
      const auto variance = static_cast<float>(second_sum_[c]);
      statistics[c] = keep * statistics[c] + (1 - keep) * mean_.data()[c];
      statistics[channels_ + c] = keep * statistics[channels_ + c] + (1 - keep) * variance;
    }
  }

  /// first_sum_ = sum of dy, second_sum_ = sum of dy (x - mean).
  void sum_gradients(const float* x, const float* dy, std::size_t cells) {
    std::fill(first_sum_.begin(), first_sum_.end(), 0.0);
    std::fill(second_sum_.begin(), second_sum_.end(), 0.0);
    const float* mean = mean_.data();
    for (std::size_t i = 0; i < cells; ++i, x += channels_, dy += channels_) {
      for (std::size_t c = 0; c < channels_; ++c) {
        first_sum_[c] += dy[c];
        second_sum_[c] += dy[c] * (x[c] - mean[c]);
      }
    }
  }

  std::size_t outer_, channels_;
  batch_options options_;
  float_buffer mean_, inverse_;  // of the last mini-batch; inverse of the deviation
  float_buffer factor_, shift_;  // scratch
  std::vector<double> first_sum_, second_sum_;
};

class batch_normalization final : public layer {
 public:
  batch_normalization(shape rows, batch_options options)
      : shape_(std::move(rows)), options_(options) {}
  shape output() const override { return shape_; }
  std::vector<parameter_block> parameters() const override {
    return {{"gamma", shape_.back(), parameter_block::start::ones, 0, 0},
            {"beta", shape_.back(), parameter_block::start::zeros, 0, 0}};
  }
  std::vector<parameter_block> statistics() const override {
    const double decay = options_.momentum;
    return {{"mean", shape_.back(), parameter_block::start::zeros, 0, 0, decay},
            {"variance", shape_.back(), parameter_block::start::ones, 0, 0, decay}};
  }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    const std::size_t channels = shape_.back();
    return std::make_unique<batch_normalization_pass>(volume(shape_) / channels, channels,
                                                      options_);
  }

 private:
  shape shape_;
  batch_options options_;
};

}  // namespace

layer_entry batch_normalization_layer() {
  layer_entry entry;
  entry.name = "batch_normalization";
  entry.summary = "Brings each channel to mean 0 and variance 1 over a mini-batch.";
  entry.options.push_back(
      declare::number("momentum", "share of the running statistics kept at each step", 0.99)
          .at_least(0)
          .below(1));
  entry.options.push_back(
      declare::number("epsilon", "added to the variance, against division by zero", 0.001)
          .above(0));
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<batch_normalization>(
        input, batch_options{static_cast<float>(options.number("momentum")),
                             static_cast<float>(options.number("epsilon"))});
  };
  return entry;
}

}  // namespace troupe::layers
