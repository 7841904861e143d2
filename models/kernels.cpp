#include "troupe/models/kernels.hpp"

#include <algorithm>

#include "troupe/models/kernels_common.hpp"
#include "troupe/models/kernels_wide.hpp"

namespace troupe {

namespace kernels {

void add_bias(float* y, const float* bias, std::size_t rows, std::size_t width, bool relu) {
  for (std::size_t r = 0; r < rows; ++r, y += width) {
    if (bias && relu) {
      for (std::size_t i = 0; i < width; ++i) {
        const float sum = y[i] + bias[i];
        y[i] = sum < 0 ? 0 : sum;  // lets not-a-number through, so that divergence is seen
      }
    } else if (bias) {
      for (std::size_t i = 0; i < width; ++i) y[i] += bias[i];
    } else if (relu) {
      for (std::size_t i = 0; i < width; ++i) y[i] = y[i] < 0 ? 0 : y[i];
    }
  }
}

void sum_rows(const float* dy, float* db, std::size_t rows, std::size_t width) {
  std::fill_n(db, width, 0.0f);
  for (std::size_t r = 0; r < rows; ++r, dy += width) {
    for (std::size_t i = 0; i < width; ++i) db[i] += dy[i];
  }
}

}  // namespace kernels

std::unique_ptr<dense_kernels> make_dense_kernels(const dense_geometry& geometry,
                                                  kernel_backend backend) {
  if (backend == kernel_backend::eigen) return kernels::make_eigen_dense(geometry);
  const bool wide = backend == kernel_backend::fastest && kernels::wide::available();
  return wide ? kernels::make_wide_dense(geometry) : kernels::make_onednn_dense(geometry);
}

std::unique_ptr<conv2d_kernels> make_conv2d_kernels(const conv2d_geometry& geometry,
                                                    std::size_t largest_batch,
                                                    kernel_backend backend) {
  return backend == kernel_backend::eigen ? kernels::make_eigen_conv2d(geometry)
                                          : kernels::make_onednn_conv2d(geometry, largest_batch);
}

}  // namespace troupe
