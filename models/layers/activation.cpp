#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"
#include "troupe/models/layers/reshaping.hpp"

namespace troupe::layers {

namespace {

class activation_pass final : public layer_pass {
 public:
  activation_pass(const activation_function& function, std::size_t outer, std::size_t width)
      : function_(function), outer_(outer), width_(width) {}
  void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    function_.forward(x, y, rows * outer_, width_);
  }
  void backward(const float*, const float* x, const float* y, float* dy, float*, float* dx,
                std::size_t rows, const draw&) override {
    if (dx) function_.backward(x, y, dy, dx, rows * outer_, width_);
  }

 private:
  activation_function function_;
  std::size_t outer_, width_;
};

class activation final : public layer {
 public:
  activation(shape rows, const activation_function& function)
      : shape_(std::move(rows)), function_(function) {}
  shape output() const override { return shape_; }
  bool only_reshapes() const override { return function_.is_linear(); }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    const std::size_t width = shape_.back();
    return std::make_unique<activation_pass>(function_, volume(shape_) / width, width);
  }
  std::string final_activation() const override { return function_.name(); }
  std::unique_ptr<layer> without_activation() const override {
    if (function_.is_linear()) return nullptr;
    return std::make_unique<reshaping_layer>(shape_);
  }

 private:
  shape shape_;
  activation_function function_;
};

}  // namespace

layer_entry activation_layer() {
  layer_entry entry;
  entry.name = "activation";
  entry.summary = "A function of each number (softmax: of the last axis).";
  setting function = declare::text("function", "which one").one_of(activation_function::names());
  function.required = true;
  entry.options.push_back(function);
  entry.options.push_back(
      declare::number("alpha", "leaky_relu: slope below zero (0.3 unless given); elu: depth (1)")
          .at_least(0));
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<activation>(input,
                                        activation_function(options.text("function"), options));
  };
  return entry;
}

}  // namespace troupe::layers
