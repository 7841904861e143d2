#pragma once

#include <cstddef>

/// Matrix products on one thread in vectors of 512 bits, for the shapes of training: a mini-batch
/// on one side, the weights on the other. There each number of the weights is used once a row, so
/// the general product of a library spends much of its time on bringing operands into its own
/// order; these read the weights where they lie, once, and bring only a few numbers of the
/// mini-batch into another order.
namespace troupe::kernels::wide {

/// Whether this processor has what the functions below need (AVX-512). Call none of them if not.
bool available() noexcept;

/// A matrix whose number (i, j) lies at data[i * row + j * column]; one of the two is 1.
struct strided {
  const float* data;
  std::size_t row, column;
};

struct product_options {
  const float* bias = nullptr;  ///< added to every row of the result
  bool relu = false;            ///< max(0, .) at the end; lets not-a-number through
  std::size_t block_rows = 64;  ///< of the result, computed for all columns before the next ones
  bool fetch_b = false;         ///< b comes from afar: ask for its next rows ahead
  bool fetch_c = false;         ///< c does
};

/// c = a b: a is rows x depth, b depth x columns and c rows x columns, both row-major with rows
/// b_stride and c_stride apart.
void product(std::size_t rows, std::size_t columns, std::size_t depth, const strided& a,
             const float* b, std::size_t b_stride, float* c, std::size_t c_stride,
             const product_options& options);

/// to (columns x rows, rows to_stride apart) = from (rows x columns, from_stride apart), turned.
void transpose(const float* from, std::size_t from_stride, std::size_t rows, std::size_t columns,
               float* to, std::size_t to_stride);

}  // namespace troupe::kernels::wide
