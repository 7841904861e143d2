// Values worked by hand, and the whole range of the 16-bit formats against the definition of IEEE
// 754.

#include <boost/test/unit_test.hpp>

#include "optimizers/codec_cases.hpp"
#include "troupe/optimizers/codecs/half.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// What a 16-bit pattern with so many bits of fraction stands for.
double value_of(std::uint16_t pattern, int fraction_bits) {
  const int exponent_bits = 15 - fraction_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (pattern & 0x7fff) >> fraction_bits;
  const int fraction = pattern & ((1 << fraction_bits) - 1);
  const double sign = (pattern & 0x8000) != 0 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction == 0 ? sign * HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

std::vector<std::uint16_t> patterns(const wire_bytes& bytes) {
  std::vector<std::uint16_t> out(bytes.size() / 2);
  std::memcpy(out.data(), bytes.data(), 2 * out.size());
  return out;
}

std::vector<std::uint16_t> rounded(const std::string& name, const std::vector<float>& values) {
  return patterns(encoded(*codec_for(name), values, {}));
}

/// Every value a pattern has comes back as it was, and every number between two neighbours goes to
/// the nearer one, the middle to the even one.
void check_whole_range(const std::string& name, int fraction_bits) {
  const auto last =
      static_cast<std::uint16_t>(0x7fff - (1 << fraction_bits));  // the largest finite one
  std::vector<float> numbers;
  std::vector<std::uint16_t> wanted;
  auto expect = [&](float number, int pattern) {
    numbers.push_back(number);
    wanted.push_back(static_cast<std::uint16_t>(pattern));
    numbers.push_back(-number);
    wanted.push_back(static_cast<std::uint16_t>(pattern | 0x8000));
  };
  for (int p = 0; p <= last; ++p) {
    const auto low = static_cast<float>(value_of(static_cast<std::uint16_t>(p), fraction_bits));
    expect(low, p);
    if (p == last) break;
    const double high = value_of(static_cast<std::uint16_t>(p + 1), fraction_bits);
    const auto middle = static_cast<float>((static_cast<double>(low) + high) / 2);
    expect(middle, p % 2 == 0 ? p : p + 1);
    expect(std::nextafter(middle, 0.0f), p);
    expect(std::nextafter(middle, infinity), p + 1);
  }
  expect(largest_float, last);
  expect(infinity, last + 1);
  const std::vector<std::uint16_t> got = rounded(name, numbers);
  BOOST_TEST_REQUIRE(got.size() == wanted.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == wanted[i]) continue;
    if (wrong++ == 0) BOOST_TEST_MESSAGE(numbers[i] << " became pattern " << got[i]);
  }
  BOOST_TEST(wrong == 0u);
}

void check_reading(const std::string& name, int fraction_bits) {
  wire_bytes bytes(2 * 65536);
  for (std::size_t p = 0; p < 65536; ++p) {
    const auto pattern = static_cast<std::uint16_t>(p);
    std::memcpy(bytes.data() + 2 * p, &pattern, 2);
  }
  bool taken = false;
  const std::vector<float> read = decoded(*codec_for(name), bytes, 65536, {}, taken);
  BOOST_TEST_REQUIRE(taken);
  std::size_t wrong = 0;
  for (std::size_t p = 0; p < 65536; ++p) {
    const double wanted = value_of(static_cast<std::uint16_t>(p), fraction_bits);
    const auto got = static_cast<double>(read[p]);
    const bool right = std::isnan(wanted)
                           ? std::isnan(got)
                           : got == wanted && std::signbit(got) == std::signbit(wanted);
    if (!right && wrong++ == 0) BOOST_TEST_MESSAGE("pattern " << p << " became " << got);
  }
  BOOST_TEST(wrong == 0u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codec_rounding)

BOOST_AUTO_TEST_CASE(halves_worked_by_hand) {
  const std::vector<std::pair<float, int>> cases = {
      {0.0f, 0x0000},
      {-0.0f, 0x8000},
      {1.0f, 0x3c00},
      {-2.0f, 0xc000},
      {1.0f / 3, 0x3555},
      {1 + 0x1p-11f, 0x3c00},      // the middle: to even, down
      {1 + 3 * 0x1p-11f, 0x3c02},  // the middle: to even, up
      {2048.5f, 0x6800},
      {65504.0f, 0x7bff},
      {65519.0f, 0x7bff},
      {65520.0f, 0x7bff},  // IEEE 754 rounds this to infinity
      {1e30f, 0x7bff},
      {-65520.0f, 0xfbff},
      {infinity, 0x7c00},
      {-infinity, 0xfc00},
      {0x1p-14f, 0x0400},
      {0x1p-24f, 0x0001},
      {0x1p-25f, 0x0000},
      {3 * 0x1p-25f, 0x0002},
      {0x1.8p-25f, 0x0001},
      {-0x1p-26f, 0x8000},
      {smallest_float, 0x0000},
  };
  for (const auto& [number, pattern] : cases) {
    BOOST_TEST_CONTEXT(number) {
      BOOST_TEST(rounded("float16", {number})[0] == pattern);
      BOOST_TEST(half_from_float(number) == pattern);
    }
  }
  const std::uint16_t none = rounded("float16", {nan_value})[0];
  BOOST_TEST(((none & 0x7fff) > 0x7c00));
}

BOOST_AUTO_TEST_CASE(bfloats_worked_by_hand) {
  const std::vector<std::pair<float, int>> cases = {
      {0.0f, 0x0000},           {-0.0f, 0x8000},
      {1.0f, 0x3f80},           {-2.0f, 0xc000},
      {1 + 0x1p-8f, 0x3f80},    {1 + 3 * 0x1p-8f, 0x3f82},
      {1 + 0x1.02p-8f, 0x3f81}, {0x1.fep127f, 0x7f7f},
      {largest_float, 0x7f7f},  // IEEE 754 rounds this to infinity
      {-largest_float, 0xff7f}, {infinity, 0x7f80},
      {-infinity, 0xff80},      {0x1p-133f, 0x0001},
      {0x1p-134f, 0x0000},
  };
  for (const auto& [number, pattern] : cases) {
    BOOST_TEST_CONTEXT(number) {
      BOOST_TEST(rounded("bfloat16", {number})[0] == pattern);
    }
  }
  // A fraction that lies in the lower half alone must not round away: infinity is another thing.
  float low_payload;
  const std::uint32_t bits = 0x7f800001;
  std::memcpy(&low_payload, &bits, sizeof bits);
  for (const char* name : {"float16", "bfloat16"}) {
    BOOST_TEST(std::isnan(passed(*codec_for(name), {low_payload})[0]));
    BOOST_TEST(std::isnan(passed(*codec_for(name), {-nan_value})[0]));
  }
}

BOOST_AUTO_TEST_CASE(every_half_and_all_between_round_to_the_nearest) {
  check_whole_range("float16", 10);
  check_reading("float16", 10);
}

BOOST_AUTO_TEST_CASE(every_bfloat_and_all_between_round_to_the_nearest) {
  check_whole_range("bfloat16", 7);
  check_reading("bfloat16", 7);
}

BOOST_AUTO_TEST_CASE(instructions_and_plain_code_agree_to_the_bit) {
  std::vector<float> numbers;
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 4093) {
    const auto pattern = static_cast<std::uint32_t>(bits);
    float number;
    std::memcpy(&number, &pattern, sizeof number);
    numbers.push_back(number);
  }
  wire_bytes fast(2 * numbers.size()), plain(2 * numbers.size());
  halves_from_floats(numbers, fast.data());
  halves_from_floats_portable(numbers, plain.data());
  BOOST_TEST((fast == plain));

  wire_bytes all(2 * 65536);
  for (std::size_t p = 0; p < 65536; ++p) {
    const auto pattern = static_cast<std::uint16_t>(p);
    std::memcpy(all.data() + 2 * p, &pattern, 2);
  }
  std::vector<float> one(65536), two(65536);
  floats_from_halves(all.data(), one);
  floats_from_halves_portable(all.data(), two);
  BOOST_TEST(std::memcmp(one.data(), two.data(), 4 * one.size()) == 0);
}

BOOST_AUTO_TEST_CASE(eight_bits_worked_by_hand) {
  const auto with = codec_for("int8", {{"block", std::int64_t{16}}});
  // The first block has steps of 1, the second of 2, the third of 0.
  std::vector<float> values = {127, 0.4f, -0.6f, 1.5f, 2.5f, -2.5f, 126.4f, -127,
                               0,   1,    2,     3,    4,    5,     6,      7};
  for (int i = 0; i < 16; ++i) values.push_back(static_cast<float>(254 - 32 * i));
  values.insert(values.end(), 3, 0.0f);
  const wire_bytes bytes = encoded(*with, values, {});
  BOOST_TEST_REQUIRE(bytes.size() == 3 * 4 + 35u);
  float scales[3];
  std::memcpy(scales, bytes.data(), 12);
  BOOST_TEST(scales[0] == 1);
  BOOST_TEST(scales[1] == 2);
  BOOST_TEST(scales[2] == 0);
  std::vector<int> wanted = {127, 0, -1, 2, 2, -2, 126, -127, 0, 1, 2, 3, 4, 5, 6, 7};
  for (int i = 0; i < 16; ++i) wanted.push_back(127 - 16 * i);
  wanted.insert(wanted.end(), 3, 0);
  for (std::size_t i = 0; i < 35; ++i) {
    BOOST_TEST_CONTEXT("number " << i) {
      const auto q = static_cast<std::int8_t>(bytes[12 + i]);
      BOOST_TEST(int{q} == wanted[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(eight_bits_keep_to_their_block) {
  const auto with = codec_for("int8", {{"block", std::int64_t{16}}});
  std::vector<float> values(40, 1.0f);
  values[20] = nan_value;
  const std::vector<float> read = passed(*with, values);
  for (std::size_t i = 0; i < 40; ++i) {
    if (i / 16 == 1) {
      BOOST_TEST(!std::isfinite(read[i]));
    } else {
      BOOST_TEST(read[i] == 1.0f);
    }
  }
  // -128 is never written, nor is a negative scale.
  wire_bytes bytes = encoded(*with, std::vector<float>(16, 1.0f), {});
  bool taken = false;
  bytes[7] = std::byte{0x80};
  decoded(*with, bytes, 16, {}, taken);
  BOOST_TEST(!taken);
  bytes[7] = std::byte{0x81};
  decoded(*with, bytes, 16, {}, taken);
  BOOST_TEST(taken);
  bytes[3] |= std::byte{0x80};
  decoded(*with, bytes, 16, {}, taken);
  BOOST_TEST(!taken);
}

BOOST_AUTO_TEST_CASE(signs_worked_by_hand) {
  const auto with = codec_for("one_bit");
  const wire_bytes bytes = encoded(*with, {1, -2, 3, -6, 0, -0.0f, 4, -1, -7}, {});
  BOOST_TEST_REQUIRE(bytes.size() == 8 + 2u);
  float means[2];
  std::memcpy(means, bytes.data(), 8);
  BOOST_TEST(means[0] == 8.0f / 5);
  BOOST_TEST(means[1] == -4);
  BOOST_TEST((bytes[8] == std::byte{0b10001010}));
  BOOST_TEST((bytes[9] == std::byte{1}));
  BOOST_TEST((passed(*with, {2, -3, 4}) == std::vector<float>{3, -3, 3}));
  BOOST_TEST((passed(*with, {-1, -2}) == std::vector<float>{-1.5f, -1.5f}));
  // A bit that is left over, means of the wrong sign.
  bool taken = true;
  wire_bytes more = bytes;
  more[9] = std::byte{3};
  decoded(*with, more, 9, {}, taken);
  BOOST_TEST(!taken);
  more = bytes;
  std::swap(more[3], more[7]);
  decoded(*with, more, 9, {}, taken);
  BOOST_TEST(!taken);
}

BOOST_AUTO_TEST_SUITE_END()
