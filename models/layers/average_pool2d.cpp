#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/pooling.hpp"

namespace troupe::layers {

namespace {

/// With "same" padding the mean is over the cells that exist, as in Keras.
class average_pool2d_pass final : public layer_pass {
 public:
  explicit average_pool2d_pass(const window_geometry& geometry) : g_(geometry) {}

  void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    const std::size_t out_volume = g_.out_height * g_.out_width * g_.channels;
    for (std::size_t r = 0; r < rows; ++r, x += g_.in_volume(), y += out_volume) {
      for_each_window(g_, [&](const window_part& part, std::size_t to) {
        std::fill_n(y + to, g_.channels, 0.0f);
        const float share = 1.0f / static_cast<float>(part.cells());
        for_each_cell(g_, part, [&](std::size_t from) { add(x + from, share, y + to); });
      });
    }
  }

  void backward(const float*, const float*, const float*, float* dy, float*, float* dx,
                std::size_t rows, const draw&) override {
    if (!dx) return;
    const std::size_t out_volume = g_.out_height * g_.out_width * g_.channels;
    std::fill_n(dx, rows * g_.in_volume(), 0.0f);
    for (std::size_t r = 0; r < rows; ++r, dx += g_.in_volume(), dy += out_volume) {
      for_each_window(g_, [&](const window_part& part, std::size_t from) {
        const float share = 1.0f / static_cast<float>(part.cells());
        for_each_cell(g_, part, [&](std::size_t to) { add(dy + from, share, dx + to); });
      });
    }
  }

 private:
  void add(const float* from, float share, float* to) const {
    for (std::size_t c = 0; c < g_.channels; ++c) to[c] += share * from[c];
  }

  window_geometry g_;
};

class average_pool2d final : public layer {
 public:
  explicit average_pool2d(const window_geometry& geometry) : g_(geometry) {}
  shape output() const override { return {g_.out_height, g_.out_width, g_.channels}; }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    return std::make_unique<average_pool2d_pass>(g_);
  }

 private:
  window_geometry g_;
};

}  // namespace

layer_entry average_pool2d_layer() {
  layer_entry entry;
  entry.name = "average_pool2d";
  entry.summary = "The mean of each window, channel by channel.";
  entry.options = pooling_options();
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<average_pool2d>(pooling_window(options, input, "average_pool2d"));
  };
  return entry;
}

}  // namespace troupe::layers
