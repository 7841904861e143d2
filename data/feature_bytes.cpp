#include "troupe/data/feature_bytes.hpp"

#include <sys/mman.h>

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
  } else if (::posix_memalign(&at, large_page, bytes) == 0) {
    // A wish: where it is not granted, small pages do. The end has small ones: it would keep more
    // than it needs.
    ::madvise(at, bytes / large_page * large_page, MADV_HUGEPAGE);
  } else {
    at = nullptr;
  }
  if (!at && bytes > 0) throw std::bad_alloc();
  return at;
}

void give_memory_back(void* at) noexcept {
  std::free(at);
}

}  // namespace troupe
