#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "troupe/base/span.hpp"

namespace troupe {

/// 1 for infinities and for not-a-number, else 0: without a branch, so that loops vectorise.
inline std::uint32_t not_finite(const float& number) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
}

inline bool all_finite(span<const float> values) noexcept {
  const float* p = values.data();
  const std::size_t count = values.size();
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) bad |= not_finite(p[i]);
  return bad == 0;
}

/// next[i] = f(center[i], payload[i]) for all i, in one pass that also looks for numbers that are
/// not finite in what comes out (because the payload has some, or because finite ones add up to
/// too much): false where there is one. Compilers vectorise it; the check costs one integer
/// compare a number in a loop that waits for memory.
template <class Function>
bool combine(span<const float> center, span<const float> payload, span<float> next, Function f) {
  const float* c = center.data();
  const float* p = payload.data();
  float* n = next.data();
  const std::size_t count = payload.size();
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float made = f(c[i], p[i]);
    bad |= not_finite(made);
    n[i] = made;
  }
  return bad == 0;
}

/// The same with a third vector: next[i] = f(center[i], base[i], payload[i]).
template <class Function>
bool combine(span<const float> center, span<const float> base, span<const float> payload,
             span<float> next, Function f) {
  const float* c = center.data();
  const float* b = base.data();
  const float* p = payload.data();
  float* n = next.data();
  const std::size_t count = payload.size();
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float made = f(c[i], b[i], p[i]);
    bad |= not_finite(made);
    n[i] = made;
  }
  return bad == 0;
}

/// next = center, which may be the same memory.
inline void keep(span<const float> center, span<float> next) {
  if (next.data() != center.data()) copy(center, next.data());
}

}  // namespace troupe
