#pragma once

// What the codecs know of the bits of floats and of bytes on the wire.

#include <cstddef>
#include <cstdint>
#include <cstring>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers on the wire are little-endian, and the codecs copy them as they lie in memory"
#endif

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace troupe {

inline std::uint32_t to_bits(float value) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float from_bits(std::uint32_t bits) noexcept {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Without its sign a float orders as an integer; infinities and what is no number come last.
constexpr std::uint32_t magnitude_mask = 0x7fffffff;
constexpr std::uint32_t infinity_bits = 0x7f800000;

inline std::uint32_t magnitude(float value) noexcept {
  return to_bits(value) & magnitude_mask;
}

template <class T>
T get(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void put(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

/// Numbers that one word of marks covers, a bit each, the first one lowest.
constexpr std::size_t word_bits = 64;

constexpr std::size_t words_for(std::size_t count) noexcept {
  return (count + word_bits - 1) / word_bits;
}
constexpr std::size_t bytes_for_bits(std::size_t count) noexcept {
  return (count + 7) / 8;
}

/// Marks of `count` <= 64 numbers: those that `chosen` is true for.
template <class Predicate>
std::uint64_t marks_of(const float* v, std::size_t count, Predicate chosen) noexcept {
  std::uint64_t marks = 0;
  for (std::size_t i = 0; i < count; ++i) marks |= std::uint64_t{chosen(v[i]) ? 1u : 0u} << i;
  return marks;
}

#ifdef __AVX2__
/// The same of 64 numbers, by a comparison of eight.
template <class Comparison>
std::uint64_t marks_of_word(const float* v, Comparison chosen) noexcept {
  std::uint64_t marks = 0;
  for (unsigned i = 0; i < word_bits; i += 8) {
    const int eight = _mm256_movemask_ps(chosen(_mm256_loadu_ps(v + i)));
    marks |= std::uint64_t{static_cast<unsigned>(eight)} << i;
  }
  return marks;
}
#endif

/// Those of magnitude `least` (at most 2^31) or more.
inline std::uint64_t marks_at_least(const float* v, std::size_t count,
                                    std::uint32_t least) noexcept {
#ifdef __AVX2__
  if (count == word_bits) {
    const __m256i mask = _mm256_set1_epi32(static_cast<int>(magnitude_mask));
    const __m256i below = _mm256_set1_epi32(static_cast<int>(least - 1u));
    return marks_of_word(v, [&](__m256 eight) {
      const __m256i size = _mm256_and_si256(_mm256_castps_si256(eight), mask);
      return _mm256_castsi256_ps(_mm256_cmpgt_epi32(size, below));
    });
  }
#endif
  return marks_of(v, count, [least](float x) { return magnitude(x) >= least; });
}

/// Those below 0; what is no number is not.
inline std::uint64_t marks_negative(const float* v, std::size_t count) noexcept {
#ifdef __AVX2__
  if (count == word_bits) {
    return marks_of_word(
        v, [](__m256 eight) { return _mm256_cmp_ps(eight, _mm256_setzero_ps(), _CMP_LT_OQ); });
  }
#endif
  return marks_of(v, count, [](float x) { return x < 0; });
}

}  // namespace troupe
