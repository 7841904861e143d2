#pragma once

// Floats of 16 bits: IEEE 754 half precision and the upper half of a float (bfloat16). Rounding is
// to the nearest, ties to even. A finite number never becomes an infinity: one beyond the range
// becomes the largest of its sign. Infinities stay, and what is no number stays none, quiet.

#include <cstddef>
#include <cstdint>

#include "troupe/base/span.hpp"
#include "troupe/optimizers/codecs/bits.hpp"

namespace troupe {

/// Compilers vectorise a loop over this: nothing branches.
inline std::uint16_t half_from_float(float value) noexcept {
  const std::uint32_t bits = to_bits(value), size = bits & magnitude_mask;
  // Below 2^-14 a half has a fixed step of 2^-24, which is the step of a float in [0.5, 1).
  const std::uint32_t small = to_bits(from_bits(size) + 0.5f) - to_bits(0.5f);
  const std::uint32_t normal = (size + 0xfff + ((size >> 13) & 1) - 0x38000000) >> 13;
  std::uint32_t half = size < 0x38800000 ? small : normal;
  half = size >= 0x477ff000 ? 0x7bff : half;  // 65520 and more would round to infinity
  half = size >= infinity_bits ? 0x7c00 : half;
  half = size > infinity_bits ? 0x7e00 | ((size >> 13) & 0x3ff) : half;
  return static_cast<std::uint16_t>(half | ((bits >> 16) & 0x8000));
}

inline float float_from_half(std::uint16_t half) noexcept {
  const std::uint32_t size = half & 0x7fffu;
  const std::uint32_t shifted = size << 13;
  const std::uint32_t normal = shifted + 0x38000000;
  // 2^-14 plus the fraction, less 2^-14.
  const std::uint32_t small = to_bits(from_bits(shifted + 0x38800000) - 0x1p-14f);
  const std::uint32_t quiet = size > 0x7c00 ? 0x400000 : 0;
  std::uint32_t bits = size < 0x400 ? small : normal;
  bits = size >= 0x7c00 ? shifted | infinity_bits | quiet : bits;
  return from_bits(bits | ((half & 0x8000u) << 16));
}

inline std::uint16_t bfloat_from_float(float value) noexcept {
  const std::uint32_t bits = to_bits(value), size = bits & magnitude_mask;
  std::uint32_t upper = (size + 0x7fff + ((size >> 16) & 1)) >> 16;
  upper = upper > 0x7f7f ? 0x7f7f : upper;
  upper = size >= infinity_bits ? 0x7f80 : upper;
  upper = size > infinity_bits ? (size >> 16) | 0x40 : upper;
  return static_cast<std::uint16_t>(upper | ((bits >> 16) & 0x8000));
}

inline float float_from_bfloat(std::uint16_t upper) noexcept {
  return from_bits(std::uint32_t{upper} << 16);
}

/// Of any processor. `out` has 2 bytes a number.
void halves_from_floats_portable(span<const float> values, std::byte* out) noexcept;
void floats_from_halves_portable(const std::byte* bytes, span<float> values) noexcept;

/// By the processor's own instructions (F16C) where the target has them, to the same bits.
void halves_from_floats(span<const float> values, std::byte* out) noexcept;
void floats_from_halves(const std::byte* bytes, span<float> values) noexcept;

}  // namespace troupe
