#include "troupe/optimizers/slices.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace troupe;

namespace {

void check_cut(std::size_t parameters, std::size_t slice, std::size_t servers) {
  BOOST_TEST_CONTEXT(parameters << " parameters, slices of " << slice << ", " << servers
                                << " servers") {
    const std::vector<slice_range> cut = cut_slices(parameters, slice, servers);
    const std::size_t lines = (parameters + 15) / 16;
    const std::size_t wanted = std::max((parameters + slice - 1) / slice, servers);
    BOOST_TEST_REQUIRE(cut.size() == std::min(wanted, lines));
    std::size_t at = 0, least = parameters, most = 0;
    for (std::size_t i = 0; i < cut.size(); ++i) {
      BOOST_TEST(cut[i].index == i);
      BOOST_TEST(cut[i].first == at);
      BOOST_TEST(cut[i].first % 16 == 0u);
      BOOST_TEST(cut[i].count > 0u);
      at += cut[i].count;
      // The last line may be a short one: it counts as whole.
      const std::size_t whole = (cut[i].count + 15) / 16 * 16;
      least = std::min(least, whole);
      most = std::max(most, whole);
    }
    BOOST_TEST(at == parameters);
    if (!cut.empty()) BOOST_TEST(most - std::min(least, most) <= 16u);
  }
}

commit_view of(const std::vector<float>& payload, std::uint64_t rows) {
  commit_view view;
  view.payload = {payload.data(), payload.size()};
  view.rows = rows;
  return view;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slices)

BOOST_AUTO_TEST_CASE(slices_cover_the_vector_and_are_equal_to_within_a_line) {
  for (const std::size_t parameters :
       {0, 1, 15, 16, 17, 31, 32, 33, 100, 1000, 1024, 4097, 65535, 65536, 65537, 1048853}) {
    for (const std::size_t slice : {1, 16, 17, 100, 1000, 65536}) {
      if (parameters / slice > 100000) continue;
      for (const std::size_t servers : {1, 2, 3, 7, 64}) check_cut(parameters, slice, servers);
    }
  }
}

BOOST_AUTO_TEST_CASE(few_parameters_are_few_slices) {
  BOOST_TEST(cut_slices(0, 65536, 4).empty());
  BOOST_TEST(cut_slices(1, 65536, 4).size() == 1u);
  BOOST_TEST(cut_slices(15, 65536, 4).size() == 1u);
  BOOST_TEST(cut_slices(16, 65536, 4).size() == 1u);
  const std::vector<slice_range> two = cut_slices(17, 65536, 4);
  BOOST_TEST_REQUIRE(two.size() == 2u);
  BOOST_TEST(two[0].count == 16u);
  BOOST_TEST(two[1].count == 1u);
  BOOST_TEST(cut_slices(1048853, 65536, 2).size() == 17u);
}

BOOST_AUTO_TEST_CASE(statistics_take_a_step_of_their_decay) {
  const auto server = make_statistics_server({0.5f, 0.5f, 0.0f});
  const std::vector<float> center{1, 2, 3}, average{5, 2, -1};
  std::vector<float> next(3);
  commit_view one = of(average, 8);
  one.mini_batches = 1;
  BOOST_TEST(server->apply(one, center, next));
  BOOST_TEST((next == std::vector<float>{3, 2, -1}));
  one.mini_batches = 2;
  BOOST_TEST(server->apply(one, center, next));
  BOOST_TEST((next == std::vector<float>{4, 2, -1}));
}

BOOST_AUTO_TEST_CASE(statistics_of_workers_in_turn_are_those_of_one_worker) {
  // What a worker sends does not depend on the centre it started from, so a window counts the same
  // whoever trained it, however many there are, and however old its centre was.
  const float decay = 0.9f;
  const auto server = make_statistics_server({decay});
  std::vector<float> center{1};
  double alone = 1;
  for (int window = 0; window < 50; ++window) {
    const std::vector<float> average{static_cast<float>(window % 7)};
    commit_view commit = of(average, 16);
    commit.mini_batches = static_cast<std::uint32_t>(1 + window % 3);
    for (std::uint32_t m = 0; m < commit.mini_batches; ++m) {
      alone = decay * alone + (1 - decay) * average[0];
    }
    BOOST_TEST(server->apply(commit, center, center));
    BOOST_TEST(center[0] == alone, boost::test_tools::tolerance(1e-5));
  }
}

BOOST_AUTO_TEST_CASE(statistics_of_a_round_are_weighted_by_rows) {
  const auto server = make_statistics_server({0.0f, 0.5f});
  const std::vector<float> center{100, 100}, a{1, 2}, b{5, 10}, idle{7, 7};
  std::vector<commit_view> round{of(a, 30), of(b, 10), of(idle, 0)};
  for (commit_view& commit : round) commit.mini_batches = 1;
  std::vector<float> next(2);
  std::size_t culprit = 9;
  BOOST_TEST(server->apply_round(round, center, next, culprit));
  BOOST_TEST((next == std::vector<float>{2, 52}));
  // In place, too.
  std::vector<float> c = center;
  BOOST_TEST(server->apply_round(round, c, c, culprit));
  BOOST_TEST((c == std::vector<float>{2, 52}));
}

BOOST_AUTO_TEST_CASE(a_round_without_rows_leaves_the_statistics) {
  const auto server = make_statistics_server({0.5f, 0.5f});
  const std::vector<float> center{1, 2}, idle{7, 7};
  std::vector<float> next(2);
  std::size_t culprit = 9;
  BOOST_TEST(server->apply_round({}, center, next, culprit));
  BOOST_TEST((next == center));
  const std::vector<commit_view> round{of(idle, 0)};
  next = {0, 0};
  BOOST_TEST(server->apply_round(round, center, next, culprit));
  BOOST_TEST((next == center));
}

BOOST_AUTO_TEST_CASE(statistics_that_are_not_finite_are_refused) {
  const auto server = make_statistics_server({0.5f, 0.5f});
  const std::vector<float> center{1, 2}, good{1, 1};
  const std::vector<float> bad{1, std::numeric_limits<float>::infinity()};
  std::vector<float> next(2);
  BOOST_TEST(!server->apply(of(bad, 1), center, next));
  std::size_t culprit = 9;
  const std::vector<commit_view> round{of(good, 1), of(bad, 1)};
  BOOST_TEST(!server->apply_round(round, center, next, culprit));
  BOOST_TEST(culprit == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
