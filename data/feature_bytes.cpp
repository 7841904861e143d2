#include "troupe/data/feature_bytes.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace troupe {

namespace {

constexpr std::size_t large_page = std::size_t{1} << 21;

}  // namespace

void* take_memory(std::size_t bytes) {
  void* at = nullptr;
  if (bytes < 2 * large_page) {
    at = std::malloc(bytes);
  } else if (bytes < SIZE_MAX - large_page) {
    const std::size_t whole = (bytes + large_page - 1) / large_page * large_page;
    at = std::aligned_alloc(large_page, whole);
    // A wish: where it is not granted, small pages do.
    if (at) ::madvise(at, whole, MADV_HUGEPAGE);
  }
  if (!at && bytes > 0) throw std::bad_alloc();
  return at;
}

void give_memory_back(void* at) noexcept {
  std::free(at);
}

}  // namespace troupe
