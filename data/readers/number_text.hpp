#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe {

/// 10^0 .. 10^22: the powers of ten that doubles hold exactly.
constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// Reads a short plain decimal number (-12.345) at `at` and moves behind it; false, with `at`
/// where it was, for anything else: `parse_number` decides then. Up to 2^53, with up to 19
/// digits, the quotient of two exact doubles is the nearest double (Clinger, "How to read
/// floating point numbers accurately", PLDI'90). Some byte that belongs to no number must follow
/// the text.
inline bool short_number(const char*& at, double& value) noexcept {
  const char* s = at;
  const bool negative = *s == '-';
  s += negative || *s == '+';
  std::uint64_t digits = 0;
  const char* first = s;
  unsigned digit;
  while ((digit = static_cast<unsigned char>(*s) - unsigned{'0'}) < 10) {
    digits = digits * 10 + digit;
    ++s;
  }
  std::ptrdiff_t count = s - first, decimals = 0;
  if (*s == '.') {
    first = ++s;
    while ((digit = static_cast<unsigned char>(*s) - unsigned{'0'}) < 10) {
      digits = digits * 10 + digit;
      ++s;
    }
    decimals = s - first;
    count += decimals;
  }
  constexpr std::uint64_t exact = std::uint64_t{1} << 53;
  if (count == 0 || count > 19 || digits > exact || (*s | 0x20) == 'e') return false;
  const double magnitude = static_cast<double>(digits) / powers_of_ten[decimals];
  value = negative ? -magnitude : magnitude;
  at = s;
  return true;
}

enum class number_fault { none, no_number, not_finite, too_large };

/// The number that is all of the text, as the nearest double; a number nearer to zero than any
/// double is zero. Too large is what a 32-bit float cannot hold.
number_fault parse_number(const char* first, const char* last, double& value) noexcept;

/// "'abc' is not a number" and its like; a long text is cut.
std::string describe(number_fault fault, const char* first, const char* last);

}  // namespace troupe
