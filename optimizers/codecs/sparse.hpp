#pragma once

// How some of a slice's numbers travel with their places, the others being 0. Wire:
//
//   of each block of 65536 numbers how many travel (uint32);
//   their places: one after another and ascending, each within its block (uint16); or, where that
//     takes fewer bytes, a bit for every number of the slice (the first one lowest, bits that are
//     left over 0);
//   the numbers themselves (float), in the same order.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "troupe/base/span.hpp"

namespace troupe {

/// Bytes that `chosen` of `count` numbers take.
std::size_t sparse_bytes(std::size_t count, std::size_t chosen);

/// Writes the numbers marked in `marks` (a bit a number, 64 a word), of which there are `chosen`;
/// the bytes written.
std::size_t write_sparse(span<const float> values, const std::vector<std::uint64_t>& marks,
                         std::size_t chosen, std::byte* out);

/// How many numbers of a slice of `count` these bytes bring, judged by their header and length
/// alone; more than `count` for bytes that cannot come from `write_sparse`.
std::size_t sparse_chosen(span<const std::byte> bytes, std::size_t count);

/// Sets all of `values`; false, with `values` undefined, for bytes that cannot come from
/// `write_sparse`.
bool read_sparse(span<const std::byte> bytes, span<float> values);

/// The share `ratio` of `count` numbers, at least one where there is one.
std::size_t share_of(double ratio, std::size_t count);

}  // namespace troupe
