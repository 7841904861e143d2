// Compressions that send some of the numbers: which ones, and how.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>

#include "optimizers/codec_cases.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::unique_ptr<codec> largest(double ratio) {
  return codec_for("top_k", {{"ratio", ratio}});
}
std::unique_ptr<codec> drawn(double ratio) {
  return codec_for("random_k", {{"ratio", ratio}});
}

/// The k largest by a full sort, the first of equal ones first; the others 0.
std::vector<float> sorted_out(const std::vector<float>& values, std::size_t k) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(values[a]) > std::abs(values[b]);
  });
  std::vector<float> out(values.size(), 0.0f);
  for (std::size_t i = 0; i < k; ++i) out[order[i]] = values[order[i]];
  return out;
}

template <class T>
void append(wire_bytes& to, T value) {
  to.resize(to.size() + sizeof value);
  std::memcpy(to.data() + to.size() - sizeof value, &value, sizeof value);
}

bool takes(codec& with, const wire_bytes& bytes, std::size_t count) {
  bool taken = false;
  decoded(with, bytes, count, {}, taken);
  return taken;
}

/// The places of two numbers of a slice of 200, in the form that top_k with ratio 0.01 writes.
wire_bytes two_of_200(std::uint32_t count, std::uint16_t first, std::uint16_t second) {
  wire_bytes out;
  append(out, count);
  append(out, first);
  append(out, second);
  append(out, 1.0f);
  append(out, 2.0f);
  return out;
}

std::set<std::size_t> places(codec& with, std::size_t n, const codec_key& key) {
  const std::vector<float> read = passed(with, std::vector<float>(n, 1.0f), key);
  std::set<std::size_t> out;
  for (std::size_t i = 0; i < n; ++i) {
    if (read[i] != 0) out.insert(i);
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codec_sparse)

BOOST_AUTO_TEST_CASE(top_k_takes_what_a_full_sort_takes) {
  for (const auto& [what, values] : all_slices()) {
    for (const double ratio : {0.001, 0.01, 0.1, 0.5, 0.999, 1.0}) {
      BOOST_TEST_CONTEXT(what << ", ratio " << ratio) {
        const std::size_t n = values.size();
        const auto rounded = static_cast<std::size_t>(ratio * static_cast<double>(n) + 0.5);
        const std::size_t k = n == 0 ? 0 : std::max<std::size_t>(rounded, 1);
        const std::vector<float> read = passed(*largest(ratio), values);
        BOOST_TEST((read == sorted_out(values, k)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(of_equal_ones_the_first_travel) {
  BOOST_TEST(
      (passed(*largest(0.5), {1, -2, 2, 2, -1, 2}) == std::vector<float>{0, -2, 2, 2, 0, 0}));
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (i % 2 == 0 ? 1.0f : -1.0f) * static_cast<float>(i * 37 % 11);
  }
  for (const std::size_t k : {1, 50, 90, 91, 92, 500, 1000}) {
    const auto with = largest(static_cast<double>(k) / 1000);
    BOOST_TEST((passed(*with, values) == sorted_out(values, k)));
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_differ_in_their_last_bit_are_told_apart) {
  std::vector<float> values(64, 1.0f);
  values[10] = 1 + 0x1p-23f;
  values[40] = -1 - 0x1p-22f;
  values[50] = 1 + 0x1p-12f;
  std::vector<float> wanted(64, 0.0f);
  wanted[50] = values[50];
  BOOST_TEST((passed(*largest(1.0 / 64), values) == wanted));
  wanted[40] = values[40];
  BOOST_TEST((passed(*largest(2.0 / 64), values) == wanted));
  wanted[10] = values[10];
  BOOST_TEST((passed(*largest(3.0 / 64), values) == wanted));
  wanted[0] = 1;
  BOOST_TEST((passed(*largest(4.0 / 64), values) == wanted));
}

BOOST_AUTO_TEST_CASE(few_places_travel_as_numbers_many_as_bits) {
  std::vector<float> few(200, 0.5f);
  few[3] = -4;
  few[199] = 5;
  wire_bytes wanted;
  append(wanted, std::uint32_t{2});
  append(wanted, std::uint16_t{3});
  append(wanted, std::uint16_t{199});
  append(wanted, -4.0f);
  append(wanted, 5.0f);
  BOOST_TEST((encoded(*largest(0.01), few, {}) == wanted));

  wire_bytes bits;
  append(bits, std::uint32_t{2});
  append(bits, std::uint8_t{0b0110});
  append(bits, -5.0f);
  append(bits, 3.0f);
  BOOST_TEST((encoded(*largest(0.5), {1, -5, 3, 0}, {}) == bits));
}

BOOST_AUTO_TEST_CASE(places_beyond_the_first_block_are_counted_from_theirs) {
  std::vector<float> values(65536 + 65536 + 10, 0.0f);
  values[65535] = 1;
  values[65536] = 2;
  values[131072 + 9] = 3;
  const auto with = codec_for("threshold");
  wire_bytes wanted;
  for (int b = 0; b < 3; ++b) append(wanted, std::uint32_t{1});
  for (const std::uint16_t place : {65535, 0, 9}) append(wanted, place);
  for (const float number : {1.0f, 2.0f, 3.0f}) append(wanted, number);
  BOOST_TEST((encoded(*with, values, {}) == wanted));
  BOOST_TEST((passed(*with, values) == values));
  // The tenth number of the last block is its last.
  wanted[12 + 4] = std::byte{10};
  BOOST_TEST(!takes(*with, wanted, values.size()));
}

BOOST_AUTO_TEST_CASE(places_must_ascend_and_lie_in_the_slice) {
  const auto with = largest(0.01);
  BOOST_TEST(takes(*with, two_of_200(2, 0, 199), 200));
  BOOST_TEST(takes(*with, two_of_200(2, 5, 6), 200));
  BOOST_TEST(!takes(*with, two_of_200(2, 5, 5), 200));
  BOOST_TEST(!takes(*with, two_of_200(2, 6, 5), 200));
  BOOST_TEST(!takes(*with, two_of_200(2, 6, 200), 200));
  BOOST_TEST(!takes(*with, two_of_200(2, 65535, 6), 200));
  for (const std::uint32_t count : {0u, 1u, 3u, 200u, 0xffffffffu}) {
    BOOST_TEST(!takes(*with, two_of_200(count, 5, 6), 200));
  }
  // Right in themselves, but not what this ratio sends.
  BOOST_TEST(!takes(*largest(0.015), two_of_200(2, 5, 6), 200));
  BOOST_TEST(takes(*codec_for("threshold"), two_of_200(2, 5, 6), 200));
}

BOOST_AUTO_TEST_CASE(bits_must_be_as_many_as_the_header_says) {
  const auto with = largest(0.5);
  auto bytes = [](std::uint32_t count, std::uint8_t bits) {
    wire_bytes out;
    append(out, count);
    append(out, bits);
    append(out, 1.0f);
    append(out, 2.0f);
    return out;
  };
  BOOST_TEST(takes(*with, bytes(2, 0b0011), 4));
  BOOST_TEST(!takes(*with, bytes(2, 0b0001), 4));
  BOOST_TEST(!takes(*with, bytes(2, 0b0111), 4));
  BOOST_TEST(!takes(*with, bytes(2, 0b10001), 4));
  BOOST_TEST(!takes(*with, bytes(1, 0b0011), 4));
  BOOST_TEST(!takes(*with, bytes(3, 0b0111), 4));
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_larger_than_any) {
  std::vector<float> values = normal_slice(1000, 3);
  values[500] = -infinity;
  values[7] = nan_value;
  values[9] = largest_float;
  const std::vector<float> two = passed(*largest(0.002), values);
  BOOST_TEST(std::isnan(two[7]));
  BOOST_TEST(two[500] == -infinity);
  BOOST_TEST(two[9] == 0);
  const std::vector<float> three = passed(*largest(0.003), values);
  BOOST_TEST(three[9] == largest_float);
  const std::vector<float> wild = passed(*codec_for("threshold", {{"value", 1e30}}), values);
  BOOST_TEST(std::isnan(wild[7]));
  BOOST_TEST(wild[500] == -infinity);
  BOOST_TEST(wild[9] == largest_float);
  BOOST_TEST(std::count(wild.begin(), wild.end(), 0.0f) == 997);
}

BOOST_AUTO_TEST_CASE(the_threshold_itself_travels) {
  const float below = std::nextafter(0.25f, 0.0f);
  BOOST_TEST(
      (passed(*codec_for("threshold", {{"value", 0.25}}), {0.25f, below, -0.25f, -below, 0}) ==
       std::vector<float>{0.25f, 0, -0.25f, 0, 0}));
  // Below the smallest float there is, all but 0 travel.
  BOOST_TEST((passed(*codec_for("threshold", {{"value", 1e-60}}), {smallest_float, -0.0f, 1}) ==
              std::vector<float>{smallest_float, 0, 1}));
}

BOOST_AUTO_TEST_CASE(random_k_draws_one_number_a_stratum) {
  for (const std::size_t n : {1, 2, 10, 99, 1000, 70001}) {
    for (const double ratio : {0.01, 0.3, 1.0}) {
      const auto with = drawn(ratio);
      const std::size_t k = with->most_bytes(n) / 4;
      for (std::uint64_t window = 0; window < 20; ++window) {
        const std::set<std::size_t> at = places(*with, n, key_of(window));
        BOOST_TEST(at.size() == k);
        if (k == 1 || k == n) continue;
        // On the ring, neighbours lie in neighbouring strata: less than two of them apart.
        std::size_t before = *at.rbegin(), widest = 0;
        for (const std::size_t place : at) {
          widest = std::max(widest, (place + n - before) % n);
          before = place;
        }
        BOOST_TEST(widest < 2 * ((n + k - 1) / k));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(random_k_draws_by_all_of_the_key) {
  const auto with = drawn(0.01);
  const codec_key key = key_of(0);
  codec_key seed = key, epoch = key, position = key, slice = key;
  ++seed.seed;
  ++epoch.epoch;
  ++position.position;
  ++slice.slice;
  std::set<std::set<std::size_t>> seen;
  for (const codec_key& k : {key, seed, epoch, position, slice})
    seen.insert(places(*with, 1000, k));
  BOOST_TEST(seen.size() == 5u);
  BOOST_TEST((places(*with, 1000, key) == places(*drawn(0.01), 1000, key)));
}

// Of 10 numbers 3 travel, from strata of 3, 3 and 4. In 30000 windows each number is drawn 9000
// times, give or take 79 (one standard deviation); five of those are allowed.
BOOST_AUTO_TEST_CASE(random_k_gives_every_number_the_same_chance) {
  const auto with = drawn(0.3);
  std::vector<int> times(10, 0);
  for (std::uint64_t window = 0; window < 30000; ++window) {
    for (const std::size_t place : places(*with, 10, key_of(window))) ++times[place];
  }
  for (std::size_t i = 0; i < 10; ++i) {
    BOOST_TEST_CONTEXT("number " << i << ", drawn " << times[i] << " times") {
      BOOST_TEST(std::abs(times[i] - 9000) < 397);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
