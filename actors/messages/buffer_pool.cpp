#include "troupe/actors/messages/buffer_pool.hpp"

#include <algorithm>
#include <new>

namespace troupe {

namespace {

constexpr std::align_val_t cache_line{64};

std::size_t bits_for(std::size_t bytes, std::size_t smallest) {
  std::size_t bits = smallest;
  while ((std::size_t{1} << bits) < bytes) ++bits;
  return bits;
}

}  // namespace

buffer_pool::shelf& buffer_pool::shelf_of(std::size_t bits) {
  // Never destroyed: messages may outlive static destruction in a program that embeds Troupe.
  static auto* shelves = new shelf[largest_bits - smallest_bits + 1];
  return shelves[bits - smallest_bits];
}

buffer_pool::buffer buffer_pool::take(std::size_t bytes) {
  const std::size_t bits = bits_for(std::max<std::size_t>(bytes, 1), smallest_bits);
  const std::size_t size = std::size_t{1} << bits;
  if (bits <= largest_bits) {
    shelf& s = shelf_of(bits);
    const std::lock_guard<std::mutex> lock(s.mutex);
    if (!s.free.empty()) {
      std::byte* memory = s.free.back();
      s.free.pop_back();
      return buffer(memory, returner{size});
    }
  }
  return buffer(static_cast<std::byte*>(::operator new(size, cache_line)), returner{size});
}

void buffer_pool::returner::operator()(std::byte* memory) const noexcept {
  if (size <= (std::size_t{1} << largest_bits)) {
    shelf& s = shelf_of(bits_for(size, smallest_bits));
    const std::lock_guard<std::mutex> lock(s.mutex);
    if ((s.free.size() + 1) * size <= kept_bytes) {
      // A failed growth of the list only means that this buffer is freed.
      try {
        s.free.push_back(memory);
        return;
      } catch (const std::bad_alloc&) {
      }
    }
  }
  ::operator delete(memory, cache_line);
}

}  // namespace troupe
