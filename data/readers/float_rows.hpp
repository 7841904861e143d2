#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "troupe/data/dataset.hpp"

namespace troupe {

/// Rows of floats that grow at their end, in the bytes of a dataset. New rows are zeros.
class float_rows {
 public:
  float_rows(std::vector<std::byte>& bytes, std::size_t width) : bytes_(bytes), width_(width) {}

  /// Room for the row after the last; it counts once `added` is called.
  float* next() {
    const std::size_t needed = (count_ + 1) * width_ * sizeof(float);
    if (needed > bytes_.size()) grow(needed);
    return reinterpret_cast<float*>(bytes_.data()) + count_ * width_;
  }
  void added() noexcept { ++count_; }
  std::size_t count() const noexcept { return count_; }

  /// How many rows there will be, about, so that memory is taken once.
  void expect(double rows) {
    bytes_.reserve(static_cast<std::size_t>(rows * static_cast<double>(width_)) * sizeof(float));
  }
  void finish() {
    bytes_.resize(count_ * width_ * sizeof(float));
    if (bytes_.capacity() - bytes_.size() > bytes_.size() / 4) bytes_.shrink_to_fit();
  }

 private:
  void grow(std::size_t needed) {
    constexpr std::size_t step = 1 << 20;
    const std::size_t target = std::max(needed, std::min(bytes_.capacity(), bytes_.size() + step));
    bytes_.resize(std::max(target, needed));
  }

  std::vector<std::byte>& bytes_;
  std::size_t width_;
  std::size_t count_ = 0;
};

}  // namespace troupe
