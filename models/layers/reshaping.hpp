#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "troupe/models/layer.hpp"

namespace troupe::layers {

/// Copies. The network leaves it out; it is there for whoever runs a layer by itself.
class reshaping_pass final : public layer_pass {
 public:
  explicit reshaping_pass(std::size_t row_volume) : volume_(row_volume) {}
  void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    std::copy_n(x, rows * volume_, y);
  }
  void backward(const float*, const float*, const float*, float* dy, float*, float* dx,
                std::size_t rows, const draw&) override {
    if (dx) std::copy_n(dy, rows * volume_, dx);
  }

 private:
  std::size_t volume_;
};

/// The same numbers under another shape: flatten and reshape.
class reshaping_layer final : public layer {
 public:
  explicit reshaping_layer(shape output) : output_(std::move(output)) {}
  shape output() const override { return output_; }
  bool only_reshapes() const override { return true; }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    return std::make_unique<reshaping_pass>(volume(output_));
  }

 private:
  shape output_;
};

}  // namespace troupe::layers
