#pragma once

#include <cstddef>
#include <memory>

namespace troupe {

/// The one seam to the matrix library: the products of dense and convolution layers, and nothing
/// else. Row-major floats, channels last; no pointer needs any alignment beyond a float's. Every
/// call computes on the calling thread alone, whatever OpenMP would like.
enum class kernel_backend {
  fastest,  ///< what is best on this processor, of the next one and products of our own
  onednn,   ///< the library; picks its instruction set at run time
  eigen,    ///< the fallback, which the tests compare the others with
};

/// A dense layer: y = x w + b. w is inputs x outputs.
struct dense_geometry {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  bool relu = false;  ///< y = max(0, x w + b)
};

/// The products of one dense layer. One thread. Takes any number of rows.
class dense_kernels {
 public:
  virtual ~dense_kernels() = default;
  /// Sets y (rows x outputs). `bias` may be null.
  virtual void forward(const float* x, const float* w, const float* bias, float* y,
                       std::size_t rows) = 0;
  /// Sets dw, and db unless null, from dy, the gradient of x w + b.
  virtual void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                               std::size_t rows) = 0;
  /// Sets dx (rows x inputs).
  virtual void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) = 0;
};

std::unique_ptr<dense_kernels> make_dense_kernels(const dense_geometry& geometry,
                                                  kernel_backend backend = kernel_backend::fastest);

/// How a window walks over a picture; pads may differ by one between the sides ("same").
struct window_geometry {
  std::size_t height = 0, width = 0, channels = 0;  ///< of the input
  std::size_t out_height = 0, out_width = 0;
  std::size_t window_height = 0, window_width = 0;
  std::size_t stride_height = 1, stride_width = 1;
  std::size_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;

  std::size_t in_volume() const noexcept { return height * width * channels; }
  std::size_t window_volume() const noexcept { return window_height * window_width * channels; }
};

/// A convolution (cross-correlation, as everywhere in neural networks). w is
/// window_height x window_width x channels x filters, as in Keras.
struct conv2d_geometry {
  window_geometry window;
  std::size_t filters = 0;
  bool bias = true;
  bool relu = false;  ///< y = max(0, convolution + bias)

  std::size_t out_volume() const noexcept { return window.out_height * window.out_width * filters; }
  std::size_t weights() const noexcept { return window.window_volume() * filters; }
};

/// The products of one convolution layer for up to `largest_batch` rows. One thread. It owns the
/// weights in the library's own order and scratch memory; what a kind of product needs is made on
/// its first call and kept. `bias` and `db` are ignored where the geometry has no bias.
class conv2d_kernels {
 public:
  virtual ~conv2d_kernels() = default;
  virtual void forward(const float* x, const float* w, const float* bias, float* y,
                       std::size_t rows) = 0;
  /// Sets dw and db from dy, the gradient of convolution + bias.
  virtual void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                               std::size_t rows) = 0;
  virtual void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) = 0;
};

std::unique_ptr<conv2d_kernels> make_conv2d_kernels(
    const conv2d_geometry& geometry, std::size_t largest_batch,
    kernel_backend backend = kernel_backend::fastest);

}  // namespace troupe
