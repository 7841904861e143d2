#pragma once

#include <cstdint>

#include "troupe/base/random.hpp"

namespace troupe {

/// The order of one epoch's rows: a keyed permutation of 0 .. rows-1 that any actor computes for
/// one position, without memory: a Feistel network on the next power of two with cycle walking
/// (Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA'02). The same for any number
/// of workers, shards and processes.
class permutation {
 public:
  /// `shuffle` false: the identity. `purpose` keeps the split of a data set apart from its
  /// epochs.
  permutation(std::uint64_t seed, std::uint64_t epoch, std::uint64_t rows, bool shuffle,
              std::uint32_t purpose = random_purpose::shuffle);

  /// Row at `position`; position < rows.
  std::uint64_t row(std::uint64_t position) const noexcept;
  std::uint64_t rows() const noexcept { return rows_; }

 private:
  std::uint64_t rows_;
  bool shuffle_;
  std::uint32_t low_bits_;
  std::uint64_t low_mask_, high_mask_;
  std::uint64_t keys_[6];
};

}  // namespace troupe
