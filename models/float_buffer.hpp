#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace troupe {

/// Floats that start on a cache line, zeroed when made: activations, packed weights, scratch.
/// Not resized, so that what points into it stays valid.
class float_buffer {
 public:
  float_buffer() = default;
  explicit float_buffer(std::size_t count)
      : data_(count ? new (std::align_val_t{alignment}) float[count]() : nullptr), count_(count) {}

  float* data() noexcept { return data_.get(); }
  const float* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return count_; }

 private:
  static constexpr std::size_t alignment = 64;
  struct release {
    void operator()(float* p) const noexcept {
      ::operator delete[](p, std::align_val_t{alignment});
    }
  };
  std::unique_ptr<float[], release> data_;
  std::size_t count_ = 0;
};

}  // namespace troupe
