#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "troupe/base/span.hpp"

namespace troupe {

/// next[i] = f(center[i], payload[i]) for all i, in one pass that also looks for numbers that are
/// not finite in the payload: false where there is one. Compilers vectorise it; the check costs
/// one integer compare a number in a loop that waits for memory.
template <class Function>
bool combine(span<const float> center, span<const float> payload, span<float> next, Function f) {
  const float* c = center.data();
  const float* p = payload.data();
  float* n = next.data();
  const std::size_t count = payload.size();
  std::uint32_t not_finite = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, p + i, sizeof bits);
    not_finite |= (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
    n[i] = f(c[i], p[i]);
  }
  return not_finite == 0;
}

}  // namespace troupe
