#include "troupe/data/permutation.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

using troupe::permutation;

namespace {

std::vector<std::uint64_t> all(const permutation& order) {
  std::vector<std::uint64_t> rows(order.rows());
  for (std::uint64_t i = 0; i < rows.size(); ++i) rows[i] = order.row(i);
  return rows;
}

bool is_bijection(std::vector<std::uint64_t> rows) {
  std::sort(rows.begin(), rows.end());
  for (std::uint64_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != i) return false;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(permutations)

BOOST_AUTO_TEST_CASE(every_row_comes_once) {
  for (std::uint64_t rows = 1; rows <= 300; ++rows) {
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
      BOOST_TEST(is_bijection(all(permutation(7, epoch, rows, true))), rows);
    }
  }
  for (const std::uint64_t rows : {1023u, 1024u, 1025u, 4097u, 60000u, 65536u, 65537u}) {
    BOOST_TEST(is_bijection(all(permutation(7, 1, rows, true))), rows);
  }
}

BOOST_AUTO_TEST_CASE(rows_beyond_32_bits_stay_in_range) {
  const std::uint64_t rows = (1ull << 40) + 3;
  const permutation order(1, 1, rows, true);
  for (std::uint64_t i = 0; i < 1000; ++i) BOOST_TEST(order.row(rows - 1 - i) < rows);
  const permutation largest(1, 1, ~0ull, true);
  BOOST_TEST(largest.row(5) != largest.row(6));
}

BOOST_AUTO_TEST_CASE(without_shuffle_it_is_the_order_of_the_file) {
  const permutation order(7, 1, 1000, false);
  for (std::uint64_t i = 0; i < 1000; ++i) BOOST_TEST(order.row(i) == i);
}

BOOST_AUTO_TEST_CASE(seed_epoch_and_purpose_decide) {
  const auto first = all(permutation(7, 0, 1000, true));
  BOOST_TEST((first == all(permutation(7, 0, 1000, true))));
  for (const auto& other : {permutation(8, 0, 1000, true), permutation(7, 1, 1000, true),
                            permutation(7, 0, 1000, true, troupe::random_purpose::split)}) {
    const auto rows = all(other);
    std::size_t same = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) same += rows[i] == first[i];
    BOOST_TEST(same < 10u);  // one is expected
  }
}

/// Over many epochs each row comes equally often to each position (chi-squared).
BOOST_AUTO_TEST_CASE(positions_are_taken_uniformly) {
  for (const std::uint64_t rows : {2u, 3u, 5u, 10u, 16u, 17u}) {
    const int epochs = 4000;
    std::vector<double> count(rows * rows);
    for (int epoch = 0; epoch < epochs; ++epoch) {
      const permutation order(11, static_cast<std::uint64_t>(epoch), rows, true);
      for (std::uint64_t i = 0; i < rows; ++i) ++count[i * rows + order.row(i)];
    }
    const double expected = epochs / static_cast<double>(rows);
    double chi = 0;
    for (const double n : count) chi += (n - expected) * (n - expected) / expected;
    const double freedom = static_cast<double>((rows - 1) * (rows - 1));
    BOOST_TEST(chi < freedom + 5 * std::sqrt(2 * freedom), rows << " rows: " << chi);
  }
}

/// Neighbours do not stay together, and what comes early is from everywhere.
BOOST_AUTO_TEST_CASE(long_orders_look_shuffled) {
  const std::uint64_t rows = 60000;
  const auto order = all(permutation(3, 4, rows, true));
  std::size_t close = 0;
  double first_half = 0;
  for (std::uint64_t i = 0; i + 1 < rows; ++i) {
    const auto apart =
        static_cast<std::int64_t>(order[i]) - static_cast<std::int64_t>(order[i + 1]);
    close += std::abs(apart) <= 10;
    if (i < rows / 2) first_half += static_cast<double>(order[i]);
  }
  BOOST_TEST(close < 40u);  // 20 are expected
  const double mean = first_half / (static_cast<double>(rows) / 2);
  BOOST_TEST(std::abs(mean - static_cast<double>(rows) / 2) < 500);  // five deviations
}

BOOST_AUTO_TEST_SUITE_END()
