#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>

#include "troupe/data/dataset.hpp"

namespace troupe {

/// Rows of floats that grow at their end, in the bytes of a dataset.
class float_rows {
 public:
  float_rows(feature_bytes& bytes, std::size_t width) : bytes_(bytes), width_(width) {}

  /// Room for so many more rows, which are not set to anything.
  float* add(std::size_t rows) {
    const std::size_t old = bytes_.size();
    const std::size_t size = old + rows * width_ * sizeof(float);
    if (size > bytes_.capacity()) bytes_.reserve(std::max(size, bytes_.capacity() * 3 / 2));
    bytes_.resize(size);
    count_ += rows;
    return reinterpret_cast<float*>(bytes_.data() + old);
  }
  void add(const float* values, std::size_t rows) {
    float* to = add(rows);
    if (rows > 0) std::memcpy(to, values, rows * width_ * sizeof(float));
  }
  std::size_t count() const noexcept { return count_; }

  /// How many rows there will be, about, so that memory is taken once. What is not used of it is
  /// never touched and costs nothing.
  void expect(double rows) {
    try {
      bytes_.reserve(static_cast<std::size_t>(rows * 1.02 * static_cast<double>(width_)) *
                     sizeof(float));
    } catch (const std::bad_alloc&) {
      // It may be wrong.
    } catch (const std::length_error&) {
    }
  }

 private:
  feature_bytes& bytes_;
  std::size_t width_;
  std::size_t count_ = 0;
};

}  // namespace troupe
