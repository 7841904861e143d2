#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

/// Memory of the allocator below. \throws std::bad_alloc
void* take_memory(std::size_t bytes);
void give_memory_back(void* at) noexcept;

/// Memory for a vector of bytes that are about to be read into: new elements are not set to
/// zero (say `resize(n, std::byte{})` for that), and large ones lie in large pages, where the
/// system has them, which takes it a fraction of the time.
template <class T>
class unset_allocator {
 public:
  static_assert(std::is_trivial_v<T>);
  using value_type = T;
  unset_allocator() = default;
  template <class U>
  unset_allocator(const unset_allocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(take_memory(count * sizeof(T))); }
  void deallocate(T* at, std::size_t) noexcept { give_memory_back(at); }
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
  template <class U>
  bool operator==(const unset_allocator<U>&) const noexcept {
    return true;
  }
  template <class U>
  bool operator!=(const unset_allocator<U>&) const noexcept {
    return false;
  }
};

using feature_bytes = std::vector<std::byte, unset_allocator<std::byte>>;

}  // namespace troupe
