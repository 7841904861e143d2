#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "optimizers/conversation.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<protocol_entry> known = builtin_protocols();

// Two vector registers of any width and some numbers that fill none.
constexpr std::size_t count = 2 * 16 + 7;

std::vector<float> random_numbers(std::uint64_t seed) {
  const random_stream stream(seed, random_purpose::test);
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(2 * stream.uniform(i) - 1);
  return out;
}

commit_view of(const std::vector<float>& payload, std::uint64_t staleness = 0) {
  commit_view view;
  view.payload = {payload.data(), payload.size()};
  view.mini_batches = 1;
  view.rows = 1;
  view.staleness = staleness;
  return view;
}

std::unique_ptr<server_half> server_of(const protocol_entry& entry, std::uint32_t workers = 2) {
  return entry.make_server(setup_for(entry, workers, 1), {0, 0, count});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_halves)

BOOST_AUTO_TEST_CASE(the_new_centre_may_be_written_over_the_old_one) {
  const std::vector<float> center = random_numbers(1), payload = random_numbers(2);
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      std::vector<float> beside(count), over = center;
      BOOST_TEST(server_of(entry)->apply(of(payload, 3), center, beside));
      BOOST_TEST(server_of(entry)->apply(of(payload, 3), over, over));
      BOOST_TEST((beside == over));

      const std::vector<float> more = random_numbers(3);
      const std::vector<commit_view> round{of(payload), of(more)};
      std::size_t culprit = 9;
      over = center;
      BOOST_TEST(server_of(entry)->apply_round(round, center, beside, culprit));
      BOOST_TEST(server_of(entry)->apply_round(round, over, over, culprit));
      BOOST_TEST((beside == over));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_round_is_its_commits_one_after_the_other) {
  const std::vector<float> center = random_numbers(1), a = random_numbers(2), b = random_numbers(3);
  const std::vector<commit_view> round{of(a), of(b)};
  for (const char* name : {"sequential", "downpour", "adag", "adag_thesis", "dynsgd"}) {
    const protocol_entry& entry = known.at(name, "", "protocol");
    std::vector<float> next(count), in_turn(count);
    std::size_t culprit = 9;
    BOOST_TEST(server_of(entry)->apply_round(round, center, next, culprit));
    BOOST_TEST(server_of(entry)->apply(round[0], center, in_turn));
    BOOST_TEST(server_of(entry)->apply(round[1], in_turn, in_turn));
    BOOST_TEST((next == in_turn));
  }
}

BOOST_AUTO_TEST_CASE(an_elastic_round_takes_every_commit_from_the_same_centre) {
  const std::vector<float> center = random_numbers(1), a = random_numbers(2), b = random_numbers(3);
  const std::vector<commit_view> round{of(a), of(b)};
  for (const char* name : {"aeasgd", "easgd", "eamsgd"}) {
    const protocol_entry& entry = known.at(name, "", "protocol");
    std::vector<float> next(count);
    std::size_t culprit = 9;
    BOOST_TEST(server_of(entry)->apply_round(round, center, next, culprit));
    for (std::size_t i = 0; i < count; ++i) {
      const double c = center[i];
      BOOST_TEST(std::abs(next[i] - (c + 0.45 * (a[i] - c) + 0.45 * (b[i] - c))) < 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_empty_round_changes_nothing) {
  const std::vector<float> center = random_numbers(1);
  for (const protocol_entry& entry : known.entries()) {
    std::vector<float> next(count);
    std::size_t culprit = 9;
    BOOST_TEST(server_of(entry)->apply_round({}, center, next, culprit));
    BOOST_TEST((next == center));
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused_wherever_they_stand) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> center = random_numbers(1), good = random_numbers(2);
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      const auto server = server_of(entry);
      std::vector<float> next(count);
      std::size_t missed = 0, culprits = 0;
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity,
                              std::numeric_limits<float>::signaling_NaN()}) {
        for (std::size_t i = 0; i < count; ++i) {
          std::vector<float> payload = good;
          payload[i] = bad;
          if (server->apply(of(payload), center, next)) ++missed;
          const std::vector<commit_view> round{of(good), of(payload), of(good)};
          std::size_t culprit = 9;
          if (server->apply_round(round, center, next, culprit)) ++missed;
          if (culprit == 1) ++culprits;
        }
      }
      BOOST_TEST(missed == 0u);
      BOOST_TEST(culprits == 4 * count);
      // The largest and the smallest numbers are finite; and the server works on after a refusal.
      std::vector<float> extreme = good;
      extreme[0] = std::numeric_limits<float>::max();
      extreme[count - 1] = std::numeric_limits<float>::denorm_min();
      BOOST_TEST(server->apply(of(extreme), center, next));
      BOOST_TEST(server->apply(of(good), center, next));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_refused_leaves_no_trace) {
  const std::vector<float> center = random_numbers(1), a = random_numbers(2), b = random_numbers(3);
  std::vector<float> bad = a;
  bad[count - 1] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<commit_view> spoilt{of(a), of(b), of(bad)}, round{of(a), of(b)};
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST_CONTEXT(entry.name) {
      const auto tried = server_of(entry), spared = server_of(entry);
      std::vector<float> one(count), two(count), scrap(count);
      std::size_t culprit = 9;
      for (int i = 0; i < 2; ++i) {
        BOOST_TEST(!tried->apply(of(bad), center, scrap));
        BOOST_TEST(tried->apply(of(a), center, one));
        BOOST_TEST(!tried->apply_round(spoilt, one, scrap, culprit));
        BOOST_TEST(culprit == 2u);
        BOOST_TEST(tried->apply_round(round, one, one, culprit));
        BOOST_TEST(spared->apply(of(a), center, two));
        BOOST_TEST(spared->apply_round(round, two, two, culprit));
        BOOST_TEST((one == two));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refused_commit_without_rows_is_refused_too) {
  const std::vector<float> center = random_numbers(1), good = random_numbers(2);
  std::vector<float> bad(count, 0.0f);
  bad[3] = std::numeric_limits<float>::infinity();
  for (const protocol_entry& entry : known.entries()) {
    std::vector<commit_view> round{of(good), of(bad)};
    round[1].rows = round[1].mini_batches = 0;
    std::vector<float> next(count);
    std::size_t culprit = 9;
    BOOST_TEST(!server_of(entry)->apply_round(round, center, next, culprit));
    BOOST_TEST(culprit == 1u);
  }
}

BOOST_AUTO_TEST_CASE(adag_thesis_damps_element_by_element) {
  const protocol_entry& entry = known.at("adag_thesis", "", "protocol");
  BOOST_TEST(entry.keeps_base);
  const auto server = entry.make_server(setup_for(entry, 2, 1, {{"gamma", 0.25}}), {0, 0, 3});
  const std::vector<float> center{1, 1, 1}, stale{1, 0.5f, -1}, r{0.6f, 0.6f, 0.6f};
  std::vector<float> next(3);
  commit_view commit = of(r);
  // (c - c_stale)^2 / gamma + 1 = 1, 2 and 17.
  commit.base = stale;
  BOOST_TEST(server->apply(commit, center, next));
  BOOST_TEST(std::abs(next[0] - 1.6) < 1e-6);
  BOOST_TEST(std::abs(next[1] - 1.3) < 1e-6);
  BOOST_TEST(std::abs(next[2] - (1 + 0.6 / 17)) < 1e-6);
  // Who is not known to have been sent anything is not stale.
  commit.base = {};
  BOOST_TEST(server->apply(commit, center, next));
  for (const float c : next) BOOST_TEST(std::abs(c - 1.6) < 1e-6);
  // The smallest gamma shuts out what is stale, and is no division by zero.
  const auto strict = entry.make_server(setup_for(entry, 2, 1, {{"gamma", 1e-12}}), {0, 0, 3});
  commit.base = stale;
  BOOST_TEST(strict->apply(commit, center, next));
  BOOST_TEST(std::abs(next[0] - 1.6) < 1e-6);
  BOOST_TEST(next[1] == 1.0f);
}

BOOST_AUTO_TEST_CASE(dynsgd_divides_by_staleness_plus_one) {
  const std::vector<float> center(count, 1.0f), payload(count, -0.6f);
  const protocol_entry& entry = known.at("dynsgd", "", "protocol");
  std::vector<float> next(count);
  for (const std::uint64_t tau : {0, 1, 2, 5, 1000000}) {
    BOOST_TEST(server_of(entry)->apply(of(payload, tau), center, next));
    BOOST_TEST(std::abs(next[count - 1] - (1 - 0.6 / static_cast<double>(tau + 1))) < 1e-6);
  }
  // In a round all start from the same centre, whatever its version: nothing is stale.
  std::size_t culprit = 9;
  const std::vector<commit_view> round{of(payload, 3), of(payload, 4)};
  BOOST_TEST(server_of(entry)->apply_round(round, center, next, culprit));
  BOOST_TEST(std::abs(next[0] - (1 - 2 * 0.6)) < 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()
