#include "troupe/data/readers/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace troupe {

namespace {

/// Whether a well-formed number outside of double's range is nearer to zero than it: by the
/// place of its first digit other than zero.
bool is_tiny(const char* first, const char* last) {
  const char* e = std::find_if(first, last, [](char c) { return (c | 0x20) == 'e'; });
  const char* point = std::find(first, e, '.');
  const char* leading = std::find_if(first, e, [](char c) { return c >= '1' && c <= '9'; });
  long long power = leading < point ? point - leading : -(leading - point);
  if (e != last) {
    const bool down = e + 1 != last && e[1] == '-';
    long long exponent = 0;
    for (const char* s = e + 1; s != last; ++s) {
      if (*s >= '0' && *s <= '9') exponent = std::min(exponent * 10 + (*s - '0'), 1LL << 40);
    }
    power += down ? -exponent : exponent;
  }
  return power < 0;
}

}  // namespace

number_fault parse_number(const char* first, const char* last, double& value) noexcept {
  const char* start = first;
  // A sign is followed by the number itself: from_chars takes a minus of its own.
  if (start != last && *start == '+' && start + 1 != last && start[1] != '-') ++start;
  const auto [at, failure] = std::from_chars(start, last, value);
  if (failure == std::errc::invalid_argument || at != last) return number_fault::no_number;
  if (failure == std::errc::result_out_of_range) {
    if (!is_tiny(start, last)) return number_fault::too_large;
    value = 0;
  }
  if (!std::isfinite(value)) return number_fault::not_finite;
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
    return number_fault::too_large;
  }
  return number_fault::none;
}

std::string describe(number_fault fault, const char* first, const char* last) {
  constexpr std::ptrdiff_t longest = 40;
  std::string text(first, last - first > longest ? first + longest : last);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  text = "'" + text + (last - first > longest ? "...'" : "'");
  switch (fault) {
    case number_fault::none:
      return text;
    case number_fault::no_number:
      return text + " is not a number";
    case number_fault::not_finite:
      return text + " is not a finite number";
    case number_fault::too_large:
      return text + " is too large for a 32-bit float";
  }
  return text;
}

}  // namespace troupe
