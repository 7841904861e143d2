#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "troupe/base/span.hpp"

namespace troupe {

/// Counter-based random numbers: a pure function of a key and a counter, so that any actor can
/// compute the number that belongs to (seed, epoch, position, layer) without a shared state and
/// the result does not depend on who does it. Philox4x32-10: Salmon et al., "Parallel random
/// numbers: as easy as 1, 2, 3", SC'11.
class random_stream {
 public:
  /// A stream of its own for each (seed, purpose, a, b): purpose keeps uses apart (see below),
  /// a and b are whatever distinguishes streams of one use (epoch and layer, say).
  random_stream(std::uint64_t seed, std::uint32_t purpose, std::uint64_t a = 0,
                std::uint64_t b = 0) noexcept;

  /// Four independent words of 32 random bits for one counter.
  std::array<std::uint32_t, 4> block(std::uint64_t counter) const noexcept;

  /// Word `index` of the stream, 32 random bits.
  std::uint32_t word(std::uint64_t index) const noexcept { return block(index / 4)[index % 4]; }

  /// Words first .. first + out.size() of the stream. Vectorised.
  void words(std::uint64_t first, span<std::uint32_t> out) const noexcept;

  /// Uniform in [0, 1), 24 bits.
  float uniform(std::uint64_t index) const noexcept {
    return static_cast<float>(word(index) >> 8) * 0x1p-24f;
  }

  /// Standard normal number `index` (Box-Muller on two words of its own).
  double normal(std::uint64_t index) const noexcept;

  /// Uniform in 0 .. bound - 1; bound >= 1. The bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const noexcept;

 private:
  std::uint32_t key0_, key1_;
  std::uint32_t high0_, high1_;
};

/// Purposes of random streams; a new use takes a new number.
namespace random_purpose {
constexpr std::uint32_t initialise = 1;
constexpr std::uint32_t shuffle = 2;
constexpr std::uint32_t split = 3;
constexpr std::uint32_t dropout = 4;
constexpr std::uint32_t synthetic = 5;
constexpr std::uint32_t test = 100;
}  // namespace random_purpose

/// Mixes 64 bits so that each input bit changes about half of the output bits (the finaliser of
/// SplitMix64: Steele, Lea, Flood, OOPSLA'14).
std::uint64_t mix(std::uint64_t x) noexcept;

}  // namespace troupe
