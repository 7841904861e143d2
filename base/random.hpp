#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "troupe/base/span.hpp"

namespace troupe {

/// Philox4x32-10 itself: 128 bits from a counter of 128 and a key of 64 (Salmon, Moraes, Dror,
/// Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC'11).
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key) noexcept;

/// Counter-based random numbers: a pure function of a key and a counter, so that any actor can
/// compute the number that belongs to (seed, epoch, position, layer) without a shared state and
/// the result does not depend on who does it.
///
/// Words and uniforms share their bits, four to a block; `normal` and `below` take a block each.
/// So one stream is for one kind of number: two kinds need two streams.
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

  /// Words first .. first + out.size() - 1 of the stream. Vectorised.
  void words(std::uint64_t first, span<std::uint32_t> out) const noexcept;

  /// Uniform in [0, 1), 24 bits.
  float uniform(std::uint64_t index) const noexcept {
    return static_cast<float>(word(index) >> 8) * 0x1p-24f;
  }

  /// Standard normal number `index` (Box, Muller 1958).
  double normal(std::uint64_t index) const noexcept;

  /// Uniform in 0 .. bound - 1; bound >= 1 (0 gives 0). The bias is below bound / 2^64.
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const noexcept;

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 2> high_;  // the upper half of every counter
};

/// Purposes of random streams; a new use takes a new number.
namespace random_purpose {
constexpr std::uint32_t initialise = 1;
constexpr std::uint32_t shuffle = 2;
constexpr std::uint32_t split = 3;
constexpr std::uint32_t dropout = 4;
constexpr std::uint32_t synthetic = 5;
constexpr std::uint32_t codec = 6;
constexpr std::uint32_t ensemble = 7;
constexpr std::uint32_t test = 100;
}  // namespace random_purpose

/// Mixes 64 bits so that each input bit changes about half of the output bits (the finaliser of
/// SplitMix64: Steele, Lea, Flood, OOPSLA'14).
std::uint64_t mix(std::uint64_t x) noexcept;

}  // namespace troupe
