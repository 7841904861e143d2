#include <fmt/format.h>

#include "troupe/models/float_buffer.hpp"
#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"

namespace troupe::layers {

namespace {

constexpr double most_units = 1 << 24;

class dense_pass final : public layer_pass {
 public:
  dense_pass(std::size_t inputs, std::size_t units, const weight_options& options,
             std::size_t largest_batch)
      : weights_(inputs * units), units_(units), options_(options) {
    dense_geometry geometry{inputs, units};
    geometry.relu = options.activation.which() == activation_function::kind::relu;
    apply_after_ = !geometry.relu && !options.activation.is_linear();
    kernels_ = make_dense_kernels(geometry);
    if (options.activation.needs_input()) before_ = float_buffer(largest_batch * units);
  }

  void forward(const float* parameters, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    float* sum = before_.size() ? before_.data() : y;
    kernels_->forward(x, parameters, options_.use_bias ? parameters + weights_ : nullptr, sum,
                      rows);
    if (apply_after_) options_.activation.forward(sum, y, rows, units_);
  }

  void backward(const float* parameters, const float* x, const float* y, float* dy, float* gradient,
                float* dx, std::size_t rows, const draw&) override {
    options_.activation.backward(before_.data(), y, dy, dy, rows, units_);
    kernels_->weight_gradient(x, dy, gradient, options_.use_bias ? gradient + weights_ : nullptr,
                              rows);
    if (dx) kernels_->input_gradient(dy, parameters, dx, rows);
  }

 private:
  std::size_t weights_, units_;
  weight_options options_;
  bool apply_after_ = false;
  std::unique_ptr<dense_kernels> kernels_;
  float_buffer before_;  // the sums, where the activation's derivative needs them
};

class dense final : public layer {
 public:
  dense(std::size_t inputs, std::size_t units, weight_options options)
      : inputs_(inputs), units_(units), options_(std::move(options)) {}

  shape output() const override { return {units_}; }
  std::vector<parameter_block> parameters() const override {
    std::vector<parameter_block> blocks = {
        {"kernel", inputs_ * units_, options_.initialiser, inputs_, units_}};
    if (options_.use_bias) blocks.push_back({"bias", units_, parameter_block::start::zeros, 0, 0});
    return blocks;
  }
  std::unique_ptr<layer_pass> prepare(std::size_t largest_batch, std::size_t) const override {
    return std::make_unique<dense_pass>(inputs_, units_, options_, largest_batch);
  }
  std::string final_activation() const override { return options_.activation.name(); }
  std::unique_ptr<layer> without_activation() const override {
    if (options_.activation.is_linear()) return nullptr;
    weight_options bare = options_;
    bare.activation = activation_function();
    return std::make_unique<dense>(inputs_, units_, bare);
  }

 private:
  std::size_t inputs_, units_;
  weight_options options_;
};

}  // namespace

layer_entry dense_layer() {
  layer_entry entry;
  entry.name = "dense";
  entry.summary = "Every output is a weighted sum of all inputs.";
  entry.options.push_back(
      declare::integer("units", "number of outputs").at_least(1).at_most(most_units).required());
  add_weight_options(entry.options);
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    if (input.size() != 1) {
      throw unfit(fmt::format("dense needs a flat input, not {}; put a flatten layer before it",
                              to_text(input)));
    }
    return std::make_unique<dense>(input[0], static_cast<std::size_t>(options.integer("units")),
                                   weight_options(options));
  };
  return entry;
}

}  // namespace troupe::layers
