#include "troupe/data/permutation.hpp"

namespace troupe {

permutation::permutation(std::uint64_t seed, std::uint64_t epoch, std::uint64_t rows, bool shuffle,
                         std::uint32_t purpose)
    : rows_(rows), shuffle_(shuffle && rows > 1) {
  // The smallest power of two that holds all rows: on average a walk takes less than two steps.
  // Below eight bits, six rounds do not reach all permutations alike; there a walk is longer.
  std::uint32_t bits = 8;
  while (bits < 64 && rows > 0 && (rows - 1) >> bits != 0) ++bits;
  low_bits_ = (bits + 1) / 2;
  low_mask_ = (std::uint64_t{1} << low_bits_) - 1;
  high_mask_ = (std::uint64_t{1} << (bits - low_bits_)) - 1;
  const random_stream random(seed, purpose, epoch, rows);
  for (std::uint64_t i = 0; i < 6; ++i) {
    keys_[i] = (std::uint64_t{random.word(2 * i)} << 32) | random.word(2 * i + 1);
  }
}

std::uint64_t permutation::row(std::uint64_t position) const noexcept {
  if (!shuffle_) return position;
  // Each half in turn is changed by a function of the other, which undoes itself: one to one,
  // whatever the function and however unequal the halves.
  auto mixed = [](std::uint64_t half, std::uint64_t key) {
    std::uint64_t f = (half ^ key) * 0x9E3779B97F4A7C15ull;
    f = (f ^ (f >> 32)) * 0xD6E8FEB86659FD93ull;
    return f >> 32;
  };
  std::uint64_t low = position & low_mask_, high = position >> low_bits_, x = position;
  // Outside 0 .. rows-1 the cipher is applied again; the cycle of `position` comes back inside
  // at the latest at its own start, so this ends and stays one to one.
  do {
    for (std::size_t i = 0; i < 6; i += 2) {
      high ^= mixed(low, keys_[i]) & high_mask_;
      low ^= mixed(high, keys_[i + 1]) & low_mask_;
    }
    x = (high << low_bits_) | low;
  } while (x >= rows_);
  return x;
}

}  // namespace troupe
