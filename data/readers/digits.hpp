#pragma once

#include <cstdint>

#include "troupe/base/random.hpp"

namespace troupe {

constexpr std::size_t digit_side = 28;
constexpr std::size_t digit_pixels = digit_side * digit_side;

/// Draws picture `row` of a stream of handwriting-like digits, light on dark, and returns which
/// digit it is. A pure function of the stream and the row.
int draw_digit(const random_stream& random, std::uint64_t row, std::uint8_t* pixels);

}  // namespace troupe
