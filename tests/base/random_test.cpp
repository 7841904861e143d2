#include "troupe/base/random.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <vector>

using namespace troupe;

namespace {

using four = std::array<std::uint32_t, 4>;
using two = std::array<std::uint32_t, 2>;

}  // namespace

BOOST_AUTO_TEST_SUITE(random_suite)

// The known answers that the authors of Philox publish (Random123, philox4x32 with 10 rounds).
BOOST_AUTO_TEST_CASE(philox_gives_its_known_answers) {
  BOOST_TEST(
      (philox4x32_10(four{}, two{}) == four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  BOOST_TEST((philox4x32_10(four{ones, ones, ones, ones}, two{ones, ones}) ==
              four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  BOOST_TEST((philox4x32_10(four{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                            two{0xa4093822, 0x299f31d0}) ==
              four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

BOOST_AUTO_TEST_CASE(words_are_the_words_one_by_one) {
  const random_stream stream(7, random_purpose::test, 3, 4);
  // Around a block of four, a turn of eight blocks, and the carry into the counter's upper half.
  for (const std::uint64_t first : {0ull, 1ull, 3ull, 61ull, 4 * 0xfffffff8ull + 1}) {
    for (const std::size_t count : {0u, 1u, 3u, 31u, 32u, 33u, 63u, 64u, 65u, 200u}) {
      std::vector<std::uint32_t> got(count);
      stream.words(first, {got.data(), got.size()});
      std::vector<std::uint32_t> expected;
      for (std::size_t i = 0; i < count; ++i) expected.push_back(stream.word(first + i));
      BOOST_TEST((got == expected), "first " << first << ", count " << count);
    }
  }
}

BOOST_AUTO_TEST_CASE(streams_differ_in_each_of_their_names) {
  std::set<std::uint32_t> firsts;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    for (std::uint32_t purpose = 1; purpose < 4; ++purpose) {
      for (std::uint64_t a = 0; a < 3; ++a) {
        for (std::uint64_t b = 0; b < 3; ++b) {
          firsts.insert(random_stream(seed, purpose, a, b).word(0));
        }
      }
    }
  }
  BOOST_TEST(firsts.size() == 81u);
  BOOST_TEST(random_stream(1, 2, 3, 4).word(5) == random_stream(1, 2, 3, 4).word(5));
}

BOOST_AUTO_TEST_CASE(uniform_numbers_have_the_moments_of_a_uniform_distribution) {
  const random_stream stream(1, random_purpose::test);
  const std::size_t n = 100000;
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double u = stream.uniform(i);
    BOOST_REQUIRE((u >= 0 && u < 1));
    sum += u;
    squares += u * u;
  }
  const double mean = sum / n, variance = squares / n - mean * mean;
  // Five standard errors of either.
  BOOST_TEST(std::fabs(mean - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  BOOST_TEST(std::fabs(variance - 1.0 / 12) < 5 * std::sqrt(1.0 / 180 / n));
}

BOOST_AUTO_TEST_CASE(normal_numbers_have_the_moments_of_a_normal_distribution) {
  const random_stream stream(2, random_purpose::test);
  const std::size_t n = 100000;
  double moments[5] = {};
  for (std::size_t i = 0; i < n; ++i) {
    const double x = stream.normal(i);
    for (int k = 1; k <= 4; ++k) moments[k] += std::pow(x, k) / n;
  }
  BOOST_TEST(std::fabs(moments[1]) < 5 * std::sqrt(1.0 / n));
  BOOST_TEST(std::fabs(moments[2] - 1) < 5 * std::sqrt(2.0 / n));
  BOOST_TEST(std::fabs(moments[3]) < 5 * std::sqrt(15.0 / n));
  BOOST_TEST(std::fabs(moments[4] - 3) < 5 * std::sqrt(96.0 / n));
}

BOOST_AUTO_TEST_CASE(below_fills_its_range_evenly) {
  const random_stream stream(3, random_purpose::test);
  const std::size_t n = 70000;
  std::vector<std::size_t> counts(7);
  for (std::size_t i = 0; i < n; ++i) {
    const auto drawn = stream.below(i, counts.size());
    BOOST_REQUIRE(drawn < counts.size());
    ++counts[drawn];
  }
  for (const std::size_t count : counts) {
    BOOST_TEST(std::fabs(static_cast<double>(count) - 10000.0) < 5 * std::sqrt(10000.0));
  }
  BOOST_TEST(stream.below(0, 1) == 0u);
  BOOST_TEST(stream.below(0, 0) == 0u);
  bool upper_half = false;
  for (std::size_t i = 0; i < 64; ++i) upper_half |= stream.below(i, ~0ull) >> 63 != 0;
  BOOST_TEST(upper_half);
}

BOOST_AUTO_TEST_SUITE_END()
