#include <dnnl.h>

#include <stdexcept>

#include "troupe/models/kernels_common.hpp"

namespace troupe::kernels {

namespace {

/// c = a b, row-major; 'T' where a matrix is stored the other way round.
void product(char a_order, char b_order, std::size_t m, std::size_t n, std::size_t k,
             const float* a, std::size_t a_stride, const float* b, std::size_t b_stride, float* c) {
  const auto size = [](std::size_t value) { return static_cast<dnnl_dim_t>(value); };
  const dnnl_status_t status = dnnl_sgemm(a_order, b_order, size(m), size(n), size(k), 1.0f, a,
                                          size(a_stride), b, size(b_stride), 0.0f, c, size(n));
  if (status != dnnl_success) throw std::runtime_error("oneDNN refused a matrix product");
}

/// Plain matrix products. For the batches of training they beat inner-product and matmul objects:
/// a weight is used once per row, so putting the weights into a better order first (which has to
/// be done anew after each step) costs more than the better order saves, and on processors
/// without AVX-512 the objects end in this product anyway. They also serve any number of rows.
class onednn_dense final : public dense_kernels {
 public:
  explicit onednn_dense(const dense_geometry& geometry) : g_(geometry) {}

  void forward(const float* x, const float* w, const float* bias, float* y,
               std::size_t rows) override {
    const one_thread guard;
    product('N', 'N', rows, g_.outputs, g_.inputs, x, g_.inputs, w, g_.outputs, y);
    add_bias(y, bias, rows, g_.outputs, g_.relu);
  }

  void weight_gradient(const float* x, const float* dy, float* dw, float* db,
                       std::size_t rows) override {
    const one_thread guard;
    product('T', 'N', g_.inputs, g_.outputs, rows, x, g_.inputs, dy, g_.outputs, dw);
    if (db) sum_rows(dy, db, rows, g_.outputs);
  }

  void input_gradient(const float* dy, const float* w, float* dx, std::size_t rows) override {
    const one_thread guard;
    product('N', 'T', rows, g_.inputs, g_.outputs, dy, g_.outputs, w, g_.outputs, dx);
  }

 private:
  dense_geometry g_;
};

}  // namespace

std::unique_ptr<dense_kernels> make_onednn_dense(const dense_geometry& geometry) {
  return std::make_unique<onednn_dense>(geometry);
}

}  // namespace troupe::kernels
