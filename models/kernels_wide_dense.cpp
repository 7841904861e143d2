#include <algorithm>

#include "troupe/models/float_buffer.hpp"
#include "troupe/models/kernels_common.hpp"
#include "troupe/models/kernels_wide.hpp"

namespace troupe::kernels {

namespace wide {

bool available() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f");
#else
  return false;
#endif
}

}  // namespace wide

namespace {

/// Matrices above this size are not in a core's own cache when they are needed next.
constexpr std::size_t large = 1 << 18;  // floats
/// Rows whose products are computed together: what belongs to them stays in the cache meanwhile.
constexpr std::size_t most_rows = 256;

/// The products of wide::product. The input gradient is computed turned, dx^T = w dy^T, so that
/// the weights are read as they lie and only dy and dx change their order.
class wide_dense final : public dense_kernels {
 public:
  explicit wide_dense(const dense_geometry& geometry)
      : g_(geometry), large_(geometry.inputs * geometry.outputs > large) {}

  void forward(const float* x, const float* w, const float* bias, float* y,
               std::size_t rows) override {
    wide::product_options options;
    options.bias = bias;
    options.relu = g_.relu;
    options.block_rows = most_rows;
    options.fetch_b = large_;
    wide::product(rows, g_.outputs, g_.inputs, {x, g_.inputs, 1}, w, g_.outputs, y, g_.outputs,
                  options);
  }

  void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                       std::size_t rows) override {
    wide::product_options options;
    options.block_rows = 128;
    options.fetch_c = true;
    wide::product(g_.inputs, g_.outputs, rows, {x, 1, g_.inputs}, dy, g_.outputs, dw, g_.outputs,
                  options);
    if (db) sum_rows(dy, db, rows, g_.outputs);
  }

  void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) override {
    for (std::size_t at = 0; at < rows; at += most_rows) {
      const std::size_t count = std::min(most_rows, rows - at);
      some_input_gradient(dy + at * g_.outputs, w, dx + at * g_.inputs, count);
    }
  }

 private:
  void some_input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) {
    if (turned_dy_.size() < rows * g_.outputs) {
      turned_dy_ = float_buffer(rows * g_.outputs);
      turned_dx_ = float_buffer(rows * g_.inputs);
    }
    wide::transpose(dy, g_.outputs, rows, g_.outputs, turned_dy_.data(), rows);
    wide::product_options options;
    wide::product(g_.inputs, rows, g_.outputs, {w, g_.outputs, 1}, turned_dy_.data(), rows,
                  turned_dx_.data(), rows, options);
    wide::transpose(turned_dx_.data(), rows, g_.inputs, rows, dx, g_.inputs);
  }

  dense_geometry g_;
  bool large_;
  float_buffer turned_dy_, turned_dx_;  // made by the first input gradient
};

}  // namespace

std::unique_ptr<dense_kernels> make_wide_dense(const dense_geometry& geometry) {
  return std::make_unique<wide_dense>(geometry);
}

}  // namespace troupe::kernels
