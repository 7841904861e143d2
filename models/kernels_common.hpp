#pragma once

#include <omp.h>

#include <cstddef>
#include <memory>

#include "troupe/models/kernels.hpp"

namespace troupe::kernels {

/// Keeps OpenMP in the calling thread while it lives. The setting belongs to a thread, and a
/// network may be moved to another one, so each call sets it anew; it costs a few nanoseconds.
class one_thread {
 public:
  one_thread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~one_thread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  one_thread(const one_thread&) = delete;
  one_thread& operator=(const one_thread&) = delete;

 private:
  int before_;
};

/// y (rows x width) += bias in each row (none if null), then max(0, .) if wanted.
void add_bias(float* y, const float* bias, std::size_t rows, std::size_t width, bool relu);

/// db = the sum of the rows of dy (rows x width).
void sum_rows(const float* dy, float* db, std::size_t rows, std::size_t width);

std::unique_ptr<dense_kernels> make_onednn_dense(const dense_geometry& geometry);
/// Where kernels_wide.hpp's products are available.
std::unique_ptr<dense_kernels> make_wide_dense(const dense_geometry& geometry);
std::unique_ptr<dense_kernels> make_eigen_dense(const dense_geometry& geometry);
std::unique_ptr<conv2d_kernels> make_onednn_conv2d(const conv2d_geometry& geometry,
                                                   std::size_t largest_batch);
std::unique_ptr<conv2d_kernels> make_eigen_conv2d(const conv2d_geometry& geometry);

}  // namespace troupe::kernels
