#include "troupe/base/random.hpp"

#include <algorithm>
#include <cmath>

namespace troupe {

namespace {

constexpr std::uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
constexpr std::uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;

// Not ISO C++, but in both compilers.
__extension__ typedef unsigned __int128 wide;

constexpr std::size_t lanes = 16;

/// The words of counters first .. first + lanes - 1, the state in arrays: compilers vectorise each
/// inner loop.
void blocks(std::uint64_t first, std::array<std::uint32_t, 2> high,
            std::array<std::uint32_t, 2> key, std::uint32_t* to) noexcept {
  std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
  for (std::size_t i = 0; i < lanes; ++i) {
    c0[i] = static_cast<std::uint32_t>(first + i);
    c1[i] = static_cast<std::uint32_t>((first + i) >> 32);
    c2[i] = high[0];
    c3[i] = high[1];
  }
  for (int round = 0; round < 10; ++round, key[0] += weyl0, key[1] += weyl1) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint64_t p0 = std::uint64_t{multiplier0} * c0[i];
      const std::uint64_t p1 = std::uint64_t{multiplier1} * c2[i];
      c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ key[0];
      c1[i] = static_cast<std::uint32_t>(p1);
      c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ key[1];
      c3[i] = static_cast<std::uint32_t>(p0);
    }
  }
  for (std::size_t i = 0; i < lanes; ++i) {
    to[4 * i] = c0[i];
    to[4 * i + 1] = c1[i];
    to[4 * i + 2] = c2[i];
    to[4 * i + 3] = c3[i];
  }
}

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
