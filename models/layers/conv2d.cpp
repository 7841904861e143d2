#include "troupe/models/float_buffer.hpp"
#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/common_options.hpp"

namespace troupe::layers {

namespace {

constexpr double most_filters = 65536;

class conv2d_pass final : public layer_pass {
 public:
  conv2d_pass(const conv2d_geometry& geometry, const activation_function& activation,
              std::size_t largest_batch)
      : weights_(geometry.weights()),
        cells_(geometry.window.out_height * geometry.window.out_width),
        filters_(geometry.filters),
        apply_after_(!geometry.relu && !activation.is_linear()),
        activation_(activation),
        kernels_(make_conv2d_kernels(geometry, largest_batch)) {
    if (activation.needs_input()) before_ = float_buffer(largest_batch * geometry.out_volume());
  }

  void forward(const float* parameters, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    float* sum = before_.size() ? before_.data() : y;
    kernels_->forward(x, parameters, parameters + weights_, sum, rows);
    if (apply_after_) activation_.forward(sum, y, rows * cells_, filters_);
  }

  void backward(const float* parameters, const float* x, const float* y, float* dy, float* gradient,
                float* dx, std::size_t rows, const draw&) override {
    activation_.backward(before_.data(), y, dy, dy, rows * cells_, filters_);
    kernels_->weight_gradient(x, dy, gradient, gradient + weights_, rows);
    if (dx) kernels_->input_gradient(dy, parameters, dx, rows);
  }

 private:
  std::size_t weights_, cells_, filters_;
  bool apply_after_;
  activation_function activation_;
  std::unique_ptr<conv2d_kernels> kernels_;
  float_buffer before_;  // the sums, where the activation's derivative needs them
};

class conv2d final : public layer {
 public:
  conv2d(const window_geometry& window, std::size_t filters, const weight_options& options)
      : options_(options) {
    geometry_.window = window;
    geometry_.filters = filters;
    geometry_.bias = options.use_bias;
    geometry_.relu = options.activation.which() == activation_function::kind::relu;
  }

  shape output() const override {
    return {geometry_.window.out_height, geometry_.window.out_width, geometry_.filters};
  }
  std::vector<parameter_block> parameters() const override {
    const std::size_t cells = geometry_.window.window_height * geometry_.window.window_width;
    std::vector<parameter_block> blocks = {{"kernel", geometry_.weights(), options_.initialiser,
                                            geometry_.window.window_volume(),
                                            cells * geometry_.filters}};
    if (geometry_.bias) {
      blocks.push_back({"bias", geometry_.filters, parameter_block::start::zeros, 0, 0});
    }
    return blocks;
  }
  std::unique_ptr<layer_pass> prepare(std::size_t largest_batch, std::size_t) const override {
    return std::make_unique<conv2d_pass>(geometry_, options_.activation, largest_batch);
  }
  std::string final_activation() const override { return options_.activation.name(); }
  std::unique_ptr<layer> without_activation() const override {
    if (options_.activation.is_linear()) return nullptr;
    weight_options bare = options_;
    bare.activation = activation_function();
    return std::make_unique<conv2d>(geometry_.window, geometry_.filters, bare);
  }

 private:
  weight_options options_;
  conv2d_geometry geometry_;
};

}  // namespace

layer_entry conv2d_layer() {
  layer_entry entry;
  entry.name = "conv2d";
  entry.summary = "Filters slide over a picture; each makes one channel of the output.";
  entry.options.push_back(declare::integer("filters", "number of output channels")
                              .at_least(1)
                              .at_most(most_filters)
                              .required());
  setting kernel =
      extent_option("kernel", "size of a filter in pixels: one number, or [height, width]");
  kernel.required = true;
  entry.options.push_back(kernel);
  entry.options.push_back(padding_option());
  setting stride =
      extent_option("stride", "pixels between windows: one number, or [height, width]");
  stride.fallback = integers{1};
  entry.options.push_back(stride);
  add_weight_options(entry.options);
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    const window_geometry window =
        make_window(input, read_extent(options, "kernel"), read_extent(options, "stride"),
                    options.text("padding") == "same", "conv2d");
    return std::make_unique<conv2d>(window, static_cast<std::size_t>(options.integer("filters")),
                                    weight_options(options));
  };
  return entry;
}

}  // namespace troupe::layers
