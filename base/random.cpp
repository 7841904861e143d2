#include "troupe/base/random.hpp"

#include <cmath>

namespace troupe {

namespace {

constexpr std::uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
constexpr std::uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;

}  // namespace

std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

random_stream::random_stream(std::uint64_t seed, std::uint32_t purpose, std::uint64_t a,
                             std::uint64_t b) noexcept {
  const std::uint64_t key = mix(mix(seed) ^ purpose);
  const std::uint64_t high = mix(mix(key ^ a) + mix(b + 0x632BE59BD9B4E019ull));
  key0_ = static_cast<std::uint32_t>(key);
  key1_ = static_cast<std::uint32_t>(key >> 32);
  high0_ = static_cast<std::uint32_t>(high);
  high1_ = static_cast<std::uint32_t>(high >> 32);
}

std::array<std::uint32_t, 4> random_stream::block(std::uint64_t counter) const noexcept {
  std::uint32_t c0 = static_cast<std::uint32_t>(counter);
  std::uint32_t c1 = static_cast<std::uint32_t>(counter >> 32);
  std::uint32_t c2 = high0_, c3 = high1_, k0 = key0_, k1 = key1_;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{multiplier0} * c0;
    const std::uint64_t p1 = std::uint64_t{multiplier1} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += weyl0;
    k1 += weyl1;
  }
  return {c0, c1, c2, c3};
}

void random_stream::words(std::uint64_t first, span<std::uint32_t> out) const noexcept {
  std::uint32_t* to = out.data();
  std::size_t left = out.size();
  for (; left > 0 && first % 4 != 0; --left) *to++ = word(first++);
  // Sixteen counters a turn, the state in arrays: compilers vectorise each inner loop.
  constexpr std::size_t lanes = 16;
  std::uint64_t counter = first / 4;
  for (; left >= 4 * lanes; left -= 4 * lanes, counter += lanes, to += 4 * lanes) {
    std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      c0[i] = static_cast<std::uint32_t>(counter + i);
      c1[i] = static_cast<std::uint32_t>((counter + i) >> 32);
      c2[i] = high0_;
      c3[i] = high1_;
    }
    std::uint32_t k0 = key0_, k1 = key1_;
    for (int round = 0; round < 10; ++round, k0 += weyl0, k1 += weyl1) {
      for (std::size_t i = 0; i < lanes; ++i) {
        const std::uint64_t p0 = std::uint64_t{multiplier0} * c0[i];
        const std::uint64_t p1 = std::uint64_t{multiplier1} * c2[i];
        c0[i] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[i] ^ k0;
        c1[i] = static_cast<std::uint32_t>(p1);
        c2[i] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[i] ^ k1;
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
  for (std::uint64_t index = counter * 4; left > 0; --left) *to++ = word(index++);
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
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits) * bound) >> 64);
}

}  // namespace troupe
