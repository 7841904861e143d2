#include "troupe/data/permutation.hpp"

namespace troupe {

permutation::permutation(std::uint64_t seed, std::uint64_t epoch, std::uint64_t rows, bool shuffle,
                         std::uint32_t purpose)
    : rows_(rows), shuffle_(shuffle && rows > 1), half_bits_(1) {
  // The smallest power of four that holds all rows: on average a walk takes less than four steps.
  while (half_bits_ < 32 && (rows - 1) >> (2 * half_bits_) != 0) ++half_bits_;
  half_mask_ = (std::uint64_t{1} << half_bits_) - 1;
  const random_stream random(seed, purpose, epoch, rows);
  for (std::uint64_t i = 0; i < 6; ++i) {
    keys_[i] = (std::uint64_t{random.word(2 * i)} << 32) | random.word(2 * i + 1);
  }
}

std::uint64_t permutation::row(std::uint64_t position) const noexcept {
  if (!shuffle_) return position;
  const std::uint32_t top = 64 - half_bits_;
  std::uint64_t x = position;
  // Outside 0 .. rows-1 the cipher is applied again; the cycle of `position` comes back inside
  // at the latest at its own start, so this ends and stays one to one.
  do {
    std::uint64_t left = x >> half_bits_, right = x & half_mask_;
    for (const std::uint64_t key : keys_) {
      std::uint64_t f = (right ^ key) * 0x9E3779B97F4A7C15ull;
      f = (f ^ (f >> 32)) * 0xD6E8FEB86659FD93ull;
      const std::uint64_t mixed = left ^ (f >> top);
      left = right;
      right = mixed;
    }
    x = (left << half_bits_) | right;
  } while (x >= rows_);
  return x;
}

}  // namespace troupe
