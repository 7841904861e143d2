#include "troupe/base/random.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>

namespace troupe {

namespace {

constexpr std::uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
constexpr std::uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;

// Not ISO C++, but in both compilers.
__extension__ typedef unsigned __int128 wide;

using half_counter = std::array<std::uint32_t, 2>;

/// Counters that `blocks` takes at a time.
constexpr std::size_t lanes = 8;

#ifdef __AVX2__

/// One of the four numbers of four counters, each in the lower half of 64 bits. What is in the
/// upper half does not matter: the multiplication ignores it, and the end leaves it out.
using quarter = __m256i;

quarter everywhere(std::uint32_t value) noexcept {
  return _mm256_set1_epi64x(static_cast<std::int64_t>(std::uint64_t{value}));
}

/// Four counters' numbers, counter after counter.
void store(quarter c0, quarter c1, quarter c2, quarter c3, std::uint32_t* to) noexcept {
  constexpr int odd = 0xAA;
  const __m256i front = _mm256_blend_epi32(c0, _mm256_slli_epi64(c1, 32), odd);
  const __m256i back = _mm256_blend_epi32(c2, _mm256_slli_epi64(c3, 32), odd);
  const __m256i even_ones = _mm256_unpacklo_epi64(front, back);
  const __m256i odd_ones = _mm256_unpackhi_epi64(front, back);
  auto* at = reinterpret_cast<__m256i*>(to);
  _mm256_storeu_si256(at, _mm256_permute2x128_si256(even_ones, odd_ones, 0x20));
  _mm256_storeu_si256(at + 1, _mm256_permute2x128_si256(even_ones, odd_ones, 0x31));
}

/// The words of counters first .. first + lanes - 1. Two vectors side by side, since each waits
/// for its own multiplications; compilers do not find this by themselves.
void blocks(std::uint64_t first, half_counter high, std::array<std::uint32_t, 2> key,
            std::uint32_t* to) noexcept {
  const quarter m0 = everywhere(multiplier0), m1 = everywhere(multiplier1);
  quarter c0[2], c1[2], c2[2], c3[2];
  for (int i = 0; i < 2; ++i) {
    const quarter start = _mm256_set1_epi64x(static_cast<std::int64_t>(first + 4 * i));
    c0[i] = _mm256_add_epi64(start, _mm256_set_epi64x(3, 2, 1, 0));
    c1[i] = _mm256_srli_epi64(c0[i], 32);
    c2[i] = everywhere(high[0]);
    c3[i] = everywhere(high[1]);
  }
  for (int round = 0; round < 10; ++round, key[0] += weyl0, key[1] += weyl1) {
    const quarter k0 = everywhere(key[0]), k1 = everywhere(key[1]);
    for (int i = 0; i < 2; ++i) {
      const __m256i p0 = _mm256_mul_epu32(c0[i], m0), p1 = _mm256_mul_epu32(c2[i], m1);
      c0[i] = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c1[i], k0));
      c1[i] = p1;
      c2[i] = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c3[i], k1));
      c3[i] = p0;
    }
  }
  for (int i = 0; i < 2; ++i) store(c0[i], c1[i], c2[i], c3[i], to + 16 * i);
}

#else

void blocks(std::uint64_t first, half_counter high, std::array<std::uint32_t, 2> key,
            std::uint32_t* to) noexcept {
  for (std::size_t i = 0; i < lanes; ++i) {
    const std::uint64_t counter = first + i;
    const auto block = philox4x32_10({static_cast<std::uint32_t>(counter),
                                      static_cast<std::uint32_t>(counter >> 32), high[0], high[1]},
                                     key);
    std::copy(block.begin(), block.end(), to + 4 * i);
  }
}

#endif

}  // namespace

std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key) noexcept {
  auto [c0, c1, c2, c3] = counter;
  for (int round = 0; round < 10; ++round, key[0] += weyl0, key[1] += weyl1) {
    const std::uint64_t p0 = std::uint64_t{multiplier0} * c0;
    const std::uint64_t p1 = std::uint64_t{multiplier1} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ key[0];
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ key[1];
    c3 = static_cast<std::uint32_t>(p0);
  }
  return {c0, c1, c2, c3};
}

random_stream::random_stream(std::uint64_t seed, std::uint32_t purpose, std::uint64_t a,
                             std::uint64_t b) noexcept {
  const std::uint64_t key = mix(mix(seed) ^ purpose);
  const std::uint64_t high = mix(mix(key ^ a) + mix(b + 0x632BE59BD9B4E019ull));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  high_ = {static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32)};
}

std::array<std::uint32_t, 4> random_stream::block(std::uint64_t counter) const noexcept {
  return philox4x32_10({static_cast<std::uint32_t>(counter),
                        static_cast<std::uint32_t>(counter >> 32), high_[0], high_[1]},
                       key_);
}

void random_stream::words(std::uint64_t first, span<std::uint32_t> out) const noexcept {
  constexpr std::size_t turn = 4 * lanes;
  std::uint32_t* to = out.data();
  std::size_t left = out.size();
  std::uint64_t counter = first / 4;
  std::size_t skip = first % 4;
  // A turn that the output does not hold whole goes through a buffer; others are written in place.
  while (left > 0) {
    if (skip == 0 && left >= turn) {
      blocks(counter, high_, key_, to);
      to += turn;
      left -= turn;
    } else {
      std::uint32_t buffer[turn];
      blocks(counter, high_, key_, buffer);
      const std::size_t used = std::min(left, turn - skip);
      std::copy_n(buffer + skip, used, to);
      to += used;
      left -= used;
      skip = 0;
    }
    counter += lanes;
  }
}

double random_stream::normal(std::uint64_t index) const noexcept {
  const auto words = block(index);
  const std::uint64_t bits = (std::uint64_t{words[0]} << 21) ^ (words[1] >> 11);
  const double u = (static_cast<double>(bits & ((1ull << 53) - 1)) + 1.0) * 0x1p-53;  // (0, 1]
  const double v = static_cast<double>(words[2]) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}

std::uint64_t random_stream::below(std::uint64_t index, std::uint64_t bound) const noexcept {
  const auto words = block(index);
  const std::uint64_t bits = (std::uint64_t{words[0]} << 32) | words[1];
  return static_cast<std::uint64_t>((static_cast<wide>(bits) * bound) >> 64);
}

}  // namespace troupe
