#include <vector>

#include "troupe/models/layers/builtin.hpp"
#include "troupe/models/layers/pooling.hpp"

namespace troupe::layers {

namespace {

class max_pool2d_pass final : public layer_pass {
 public:
  explicit max_pool2d_pass(const window_geometry& geometry)
      : g_(geometry),
        each_once_(geometry.stride_height == geometry.window_height &&
                   geometry.stride_width == geometry.window_width &&
                   geometry.out_height * geometry.window_height == geometry.height &&
                   geometry.out_width * geometry.window_width == geometry.width),
        open_(geometry.channels) {}

  void forward(const float*, float*, const float* x, float* y, std::size_t rows, bool,
               const draw&) override {
    const std::size_t out_volume = g_.out_height * g_.out_width * g_.channels;
    for (std::size_t r = 0; r < rows; ++r, x += g_.in_volume(), y += out_volume) {
      for_each_window(g_, [&](const window_part& part, std::size_t to) {
        std::copy_n(x + (part.top * g_.width + part.left) * g_.channels, g_.channels, y + to);
        for_each_cell(g_, part, [&](std::size_t from) { keep_larger(x + from, y + to); });
      });
    }
  }

  /// The first of equal largest cells gets the gradient.
  void backward(const float*, const float* x, const float* y, float* dy, float*, float* dx,
                std::size_t rows, const draw&) override {
    if (!dx) return;
    if (each_once_) return backward_rows<true>(x, y, dy, dx, rows);
    std::fill_n(dx, rows * g_.in_volume(), 0.0f);
    backward_rows<false>(x, y, dy, dx, rows);
  }

 private:
  template <bool Once>
  void backward_rows(const float* x, const float* y, const float* dy, float* dx, std::size_t rows) {
    const std::size_t out_volume = g_.out_height * g_.out_width * g_.channels;
    for (std::size_t r = 0; r < rows; ++r) {
      for_each_window(g_, [&](const window_part& part, std::size_t to) {
        std::fill(open_.begin(), open_.end(), 1);
        for_each_cell(g_, part, [&](std::size_t from) {
          hand_back<Once>(x + from, y + to, dy + to, dx + from);
        });
      });
      x += g_.in_volume();
      dx += g_.in_volume();
      y += out_volume;
      dy += out_volume;
    }
  }
  void keep_larger(const float* x, float* y) const {
    for (std::size_t c = 0; c < g_.channels; ++c) y[c] = x[c] > y[c] ? x[c] : y[c];
  }
  template <bool Once>
  void hand_back(const float* __restrict x, const float* __restrict y, const float* __restrict dy,
                 float* __restrict dx) {
    int* __restrict open = open_.data();
    for (std::size_t c = 0; c < g_.channels; ++c) {
      const int hit = static_cast<int>(x[c] == y[c]) & open[c];
      const float given = dy[c], share = hit ? given : 0.0f;
      dx[c] = Once ? share : dx[c] + share;
      open[c] -= hit;
    }
  }

  window_geometry g_;
  bool each_once_;         // every cell of the input lies in one window
  std::vector<int> open_;  // channels whose largest cell has not been met yet
};

class max_pool2d final : public layer {
 public:
  explicit max_pool2d(const window_geometry& geometry) : g_(geometry) {}
  shape output() const override { return {g_.out_height, g_.out_width, g_.channels}; }
  std::unique_ptr<layer_pass> prepare(std::size_t, std::size_t) const override {
    return std::make_unique<max_pool2d_pass>(g_);
  }

 private:
  window_geometry g_;
};

}  // namespace

layer_entry max_pool2d_layer() {
  layer_entry entry;
  entry.name = "max_pool2d";
  entry.summary = "Keeps the largest number of each window, channel by channel.";
  entry.options = pooling_options();
  entry.make = [](const settings& options, const shape& input) -> std::unique_ptr<layer> {
    return std::make_unique<max_pool2d>(pooling_window(options, input, "max_pool2d"));
  };
  return entry;
}

}  // namespace troupe::layers
