#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace troupe {

/// And their negatives: signs come as they like, so there is no branch on them.
constexpr double powers_of_ten[][8] = {{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7},
                                       {-1e0, -1e1, -1e2, -1e3, -1e4, -1e5, -1e6, -1e7}};
constexpr std::uint64_t whole_powers_of_ten[] = {1,      10,      100,       1'000,
                                                 10'000, 100'000, 1'000'000, 10'000'000};

/// Counts the digits at `at`, of eight at most, and reads up to seven of them as a number: all
/// eight bytes at once, so that no branch depends on the text.
inline unsigned digit_run(const char* at, std::uint64_t& value) noexcept {
  std::uint64_t w;
  std::memcpy(&w, at, 8);
  w ^= 0x3030303030303030ull;
  // The high bit of each byte that is no digit; carries spoil bytes behind the first only.
  const std::uint64_t others = ((w + 0x7676767676767676ull) | w) & 0x8080808080808080ull;
  if (others == 0) return 8;
  const auto count = static_cast<unsigned>(__builtin_ctzll(others)) / 8;
  w = w << 8 << (56 - 8 * count);  // the digits to the end, zeros before them
  w = w * 10 + (w >> 8);           // numbers of two digits in each other byte
  constexpr std::uint64_t pairs = 0x000000FF000000FFull;
  value = ((w & pairs) * 0x000F424000000064ull + ((w >> 16) & pairs) * 0x0000271000000001ull) >> 32;
  return count;
}

/// Reads a short plain decimal number (-12.345; up to seven digits on each side of the point) at
/// `at` and moves behind it; false, with `at` where it was, for anything else: `parse_number`
/// decides then. The quotient of two exact doubles is the nearest double (Clinger, "How to read
/// floating point numbers accurately", PLDI'90). Sixteen readable bytes must follow the text.
inline bool short_number(const char*& at, double& value) noexcept {
  const char* s = at;
  const bool negative = *s == '-';
  s += static_cast<int>(negative) | static_cast<int>(*s == '+');
  std::uint64_t digits = 0;
  const unsigned count = digit_run(s, digits);
  if (count == 8) return false;
  s += count;
  unsigned decimals = 0;
  if (*s == '.') {
    std::uint64_t fraction = 0;
    decimals = digit_run(++s, fraction);
    if (decimals == 8) return false;
    s += decimals;
    digits = digits * whole_powers_of_ten[decimals] + fraction;
  }
  if (count + decimals == 0 || (*s | 0x20) == 'e') return false;
  value = static_cast<double>(digits) / powers_of_ten[negative][decimals];
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
