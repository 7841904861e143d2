#include <Eigen/Core>
#include <algorithm>

#include "troupe/models/float_buffer.hpp"
#include "troupe/models/kernels_common.hpp"

namespace troupe::kernels {

namespace {

using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<matrix> as_matrix(float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
Eigen::Map<const matrix> as_matrix(const float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}

class eigen_dense final : public dense_kernels {
 public:
  explicit eigen_dense(const dense_geometry& geometry) : g_(geometry) {}

  void forward(const float* x, const float* w, const float* bias, float* y,
               std::size_t rows) override {
    const one_thread guard;
    as_matrix(y, rows, g_.outputs).noalias() =
        as_matrix(x, rows, g_.inputs) * as_matrix(w, g_.inputs, g_.outputs);
    add_bias(y, bias, rows, g_.outputs, g_.relu);
  }
  void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                       std::size_t rows) override {
    const one_thread guard;
    as_matrix(dw, g_.inputs, g_.outputs).noalias() =
        as_matrix(x, rows, g_.inputs).transpose() * as_matrix(dy, rows, g_.outputs);
    if (db) sum_rows(dy, db, rows, g_.outputs);
  }
  void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) override {
    const one_thread guard;
    as_matrix(dx, rows, g_.inputs).noalias() =
        as_matrix(dy, rows, g_.outputs) * as_matrix(w, g_.inputs, g_.outputs).transpose();
  }

 private:
  dense_geometry g_;
};

/// Calls visit(input offset or none, column offset) for each cell of the window at (row, column).
template <class Visit>
void for_each_cell(const window_geometry& w, std::size_t row, std::size_t column, Visit visit) {
  std::size_t to = 0;
  for (std::size_t i = 0; i < w.window_height; ++i) {
    const std::size_t h = row * w.stride_height + i;
    for (std::size_t j = 0; j < w.window_width; ++j, to += w.channels) {
      const std::size_t v = column * w.stride_width + j;
      const bool inside =
          h >= w.pad_top && h - w.pad_top < w.height && v >= w.pad_left && v - w.pad_left < w.width;
      visit(inside, inside ? ((h - w.pad_top) * w.width + v - w.pad_left) * w.channels : 0, to);
    }
  }
}

/// One picture at a time: its windows as the rows of a matrix (which stays in the cache), then
/// plain products.
class eigen_conv2d final : public conv2d_kernels {
 public:
  explicit eigen_conv2d(const conv2d_geometry& geometry)
      : g_(geometry),
        cells_(geometry.window.out_height * geometry.window.out_width),
        windows_(cells_ * geometry.window.window_volume()) {}

  void forward(const float* x, const float* w, const float* bias, float* y,
               std::size_t rows) override {
    const one_thread guard;
    for (std::size_t r = 0; r < rows; ++r, x += g_.window.in_volume(), y += g_.out_volume()) {
      gather(x);
      as_matrix(y, cells_, g_.filters).noalias() = windows() * weights(w);
      add_bias(y, g_.bias ? bias : nullptr, cells_, g_.filters, g_.relu);
    }
  }

  void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                       std::size_t rows) override {
    const one_thread guard;
    if (g_.bias) sum_rows(dy, db, rows * cells_, g_.filters);
    auto sum = as_matrix(dw, g_.window.window_volume(), g_.filters);
    sum.setZero();
    for (std::size_t r = 0; r < rows; ++r, x += g_.window.in_volume(), dy += g_.out_volume()) {
      gather(x);
      sum.noalias() += windows().transpose() * as_matrix(dy, cells_, g_.filters);
    }
  }

  void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) override {
    const one_thread guard;
    for (std::size_t r = 0; r < rows; ++r, dx += g_.window.in_volume(), dy += g_.out_volume()) {
      windows().noalias() = as_matrix(dy, cells_, g_.filters) * weights(w).transpose();
      scatter(dx);
    }
  }

 private:
  Eigen::Map<matrix> windows() {
    return as_matrix(windows_.data(), cells_, g_.window.window_volume());
  }
  Eigen::Map<const matrix> weights(const float* w) const {
    return as_matrix(w, g_.window.window_volume(), g_.filters);
  }

  template <class Visit>
  void for_each_window(Visit visit) {
    float* window = windows_.data();
    for (std::size_t i = 0; i < g_.window.out_height; ++i) {
      for (std::size_t j = 0; j < g_.window.out_width; ++j) {
        for_each_cell(g_.window, i, j, [&](bool inside, std::size_t from, std::size_t to) {
          visit(inside, from, window + to);
        });
        window += g_.window.window_volume();
      }
    }
  }
  void gather(const float* x) {
    for_each_window([&](bool inside, std::size_t from, float* to) {
      if (inside) {
        std::copy_n(x + from, g_.window.channels, to);
      } else {
        std::fill_n(to, g_.window.channels, 0.0f);
      }
    });
  }
  void scatter(float* dx) {
    std::fill_n(dx, g_.window.in_volume(), 0.0f);
    for_each_window([&](bool inside, std::size_t to, const float* from) {
      if (!inside) return;
      for (std::size_t c = 0; c < g_.window.channels; ++c) dx[to + c] += from[c];
    });
  }

  conv2d_geometry g_;
  std::size_t cells_;  // of an output picture
  float_buffer windows_;
};

}  // namespace

std::unique_ptr<dense_kernels> make_eigen_dense(const dense_geometry& geometry) {
  return std::make_unique<eigen_dense>(geometry);
}

std::unique_ptr<conv2d_kernels> make_eigen_conv2d(const conv2d_geometry& geometry) {
  return std::make_unique<eigen_conv2d>(geometry);
}

}  // namespace troupe::kernels
