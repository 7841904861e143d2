#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe {

/// Keeps the payload buffers of messages for reuse: fresh memory costs a page fault per 4 KiB,
/// more than the work on it. Buffers come in powers of two from 4 KiB, aligned to a cache line,
/// with whatever they held before. Any thread; a buffer may be given back on another thread.
class buffer_pool {
 public:
  struct returner {
    std::size_t size = 0;
    void operator()(std::byte* memory) const noexcept;
  };
  using buffer = std::unique_ptr<std::byte[], returner>;

  /// At least `bytes` bytes.
  static buffer take(std::size_t bytes);

 private:
  friend struct returner;
  static constexpr std::size_t smallest_bits = 12, largest_bits = 24;
  /// Memory kept per size; what comes back beyond it is freed.
  static constexpr std::size_t kept_bytes = std::size_t{64} << 20;

  struct shelf {
    std::mutex mutex;
    std::vector<std::byte*> free;
  };
  static shelf& shelf_of(std::size_t bits);
};

}  // namespace troupe
