#pragma once

#include <cstdint>
#include <optional>

#include "troupe/data/labels.hpp"

namespace troupe {

struct split_parts {
  std::optional<data_part> train, validation, test;
};

/// Sets aside shares of the rows, chosen by a seeded permutation; within a part, rows keep the
/// order of the source. A share of 0 makes no part.
/// \throws error (job) at "data.split" where a part would be empty.
split_parts split(dataset all, double test_share, double validation_share, std::uint64_t seed);

}  // namespace troupe
