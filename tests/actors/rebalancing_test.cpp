// Work moves from the slow to the fast: whole epochs in virtual time, with workers of all speeds
// that pause, come late and die.

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "actors/timed_play.hpp"
#include "troupe/actors/rebalancer.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const char* const consistencies[] = {"asynchronous", "{name: bounded, staleness: 2}",
                                     "synchronous"};

/// Seconds of an epoch of 4 workers beside the least it could take.
double ratio(const std::string& consistency, bool rebalance, const std::vector<double>& slow,
             const std::function<double(std::uint32_t, double)>& factor) {
  allocation_setup s;
  s.workers = static_cast<std::uint32_t>(slow.size());
  s.batch = 8;
  s.window = 4;
  s.consistency = consistency;
  s.epochs = 1;
  s.rebalance = rebalance;
  double speeds = 0, slowest = 1;
  for (const double f : slow) {
    speeds += 1 / f;
    slowest = std::max(slowest, f);
  }
  // As many rows as make 60 windows of the slowest.
  s.rows = static_cast<std::size_t>(60 * 32 * slowest * speeds);
  constexpr double fast = 32 / 0.02;  // a window in 20 ms
  timed_play play(s, [&](std::uint32_t w, double t) { return fast / slow[w] * factor(w, t); });
  for (std::uint32_t w = 0; w < s.workers; ++w) play.join(w);
  const double took = play.run();
  BOOST_TEST(play.every_row_once());
  return took * fast * speeds / static_cast<double>(s.rows);
}

double steady(std::uint32_t, double) {
  return 1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rebalancing)

BOOST_AUTO_TEST_CASE(a_straggler_does_not_set_the_pace) {
  for (const char* consistency : consistencies) {
    for (const double slow : {4.0, 10.0}) {
      BOOST_TEST_CONTEXT(consistency << ", one of four " << slow << " times slower") {
        BOOST_TEST(ratio(consistency, true, {1, 1, 1, slow}, steady) < 1.1);
        BOOST_TEST(ratio(consistency, false, {1, 1, 1, slow}, steady) > 2);
      }
    }
    BOOST_TEST_CONTEXT(consistency << ", two of four twice as slow") {
      BOOST_TEST(ratio(consistency, true, {2, 1, 2, 1}, steady) < 1.1);
      BOOST_TEST(ratio(consistency, false, {2, 1, 2, 1}, steady) > 1.4);
    }
    BOOST_TEST_CONTEXT(consistency << ", all the same") {
      BOOST_TEST(ratio(consistency, true, {1, 1, 1, 1}, steady) < 1.06);
    }
  }
}

BOOST_AUTO_TEST_CASE(one_that_stalls_keeps_what_it_has_begun_alone) {
  // It stands still from the middle of the epoch until the others have long been able to end it.
  allocation_setup s;
  s.workers = 3;
  s.batch = 8;
  s.window = 50;
  s.consistency = "asynchronous";
  s.epochs = 1;
  s.rows = 2400;
  timed_play play(s,
                  [](std::uint32_t w, double t) { return w == 1 && t > 1 && t < 3.2 ? 0 : 300; });
  for (std::uint32_t w = 0; w < s.workers; ++w) play.join(w);
  const double took = play.run();
  BOOST_TEST(play.every_row_once());
  BOOST_TEST(play.moves() > 0u);
  BOOST_TEST(took < 3.5);  // 2,400 rows at 600 to 900 a second are 3.4 s
}

BOOST_AUTO_TEST_CASE(every_row_is_done_once_whatever_happens) {
  std::uint64_t moves = 0, reshared = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const random_stream draws(seed, random_purpose::test);
    std::uint64_t drawn = 0;
    const auto below = [&](std::uint64_t bound) { return draws.below(drawn++, bound); };
    const auto uniform = [&] { return draws.uniform(drawn++); };
    allocation_setup s;
    s.workers = static_cast<std::uint32_t>(2 + below(7));
    s.batch = static_cast<std::uint32_t>(1 + below(8));
    s.window = static_cast<std::uint32_t>(1 + below(6));
    s.consistency = consistencies[below(3)];
    if (s.consistency == "synchronous" && below(2) == 0) {
      s.consistency = "{name: synchronous, backup_workers: 1}";
    }
    s.epochs = static_cast<std::uint32_t>(1 + below(3));
    s.rows = 50 + below(3000);
    s.rebalance = below(5) > 0;
    std::vector<double> speed, pause;
    for (std::uint32_t w = 0; w < s.workers; ++w) {
      speed.push_back(1000 * std::exp2(4 * uniform() - 2));
      pause.push_back(uniform());
    }
    BOOST_TEST_CONTEXT("seed " << seed << ", " << s.consistency << ", " << s.workers << " workers, "
                               << s.rows << " rows") {
      timed_play play(s, [&](std::uint32_t w, double t) {
        return t > pause[w] && t < 1.5 * pause[w] ? 0 : speed[w];
      });
      play.at(0, [&] { play.join(0); });
      for (std::uint32_t w = 0; w < s.workers; ++w) {
        play.at(uniform() * 0.5, [&play, w] { play.join(w); });
        for (std::uint64_t deaths = below(3); deaths > 0; --deaths) {
          const double when = 2 * uniform();
          play.at(when, [&play, w] { play.die(w); });
          play.at(when + 0.3 * uniform(), [&play, w] { play.join(w); });
        }
      }
      play.run();
      BOOST_TEST(play.every_row_once());
      moves += play.moves();
      reshared += play.reshared();
    }
  }
  BOOST_TEST(moves > 20u);
  BOOST_TEST(reshared > 20u);
}

BOOST_AUTO_TEST_CASE(speeds_are_medians_of_the_last_windows) {
  rebalancer pace(2);
  BOOST_TEST(pace.speed(0) == 0);
  pace.trained(0, 10, 1);  // the first one holds what happens once
  BOOST_TEST(pace.speed(0) == 10);
  pace.trained(0, 100, 1);
  BOOST_TEST(pace.speed(0) == 100);
  pace.trained(0, 140, 1);
  BOOST_TEST(pace.speed(0) == 120);
  pace.trained(0, 100, 100);  // it stalled
  BOOST_TEST(pace.speed(0) == 100);
  pace.trained(0, 50, 0.5);
  pace.trained(0, 100, 100);
  BOOST_TEST(pace.speed(0) == 100);
  for (int i = 0; i < 2; ++i) pace.trained(0, 10, 1);
  BOOST_TEST(pace.speed(0) == 10);  // and is slow now
  pace.trained(1, 30, 1);
  BOOST_TEST(pace.speed() == 40);
  pace.trained(1, 0, 1);
  pace.trained(1, 5, 0);
  BOOST_TEST(pace.speed(1) == 30);
  pace.forget(0);
  BOOST_TEST(pace.speed(0) == 0);
  BOOST_TEST(pace.speed() == 30);
}

BOOST_AUTO_TEST_CASE(shares_follow_the_speeds) {
  rebalancer pace(4);
  using rows = std::vector<std::uint64_t>;
  BOOST_TEST(pace.shares({0, 1, 3}, 30) == (rows{10, 10, 10}), boost::test_tools::per_element());
  BOOST_TEST(pace.spread({0, 1}, {10, 10}) == 1);
  pace.trained(0, 100, 1);
  pace.trained(1, 300, 1);
  BOOST_TEST(pace.shares({0, 1}, 40) == (rows{10, 30}), boost::test_tools::per_element());
  // An unknown one counts as the mean, 200.
  BOOST_TEST(pace.shares({0, 1, 2}, 60) == (rows{10, 30, 20}), boost::test_tools::per_element());
  BOOST_TEST(pace.spread({0, 1, 2}, {20, 20, 20}) == 1);
  BOOST_TEST(pace.spread({0, 1}, {20, 20}) == 2);
  BOOST_TEST(pace.spread({0, 1}, {10, 30}) == 1);
  // Rows are whole: three for the slow one would take longer than one more for each of the others.
  rebalancer ten(4);
  for (const std::uint32_t w : {0u, 1u, 2u, 3u}) ten.trained(w, w == 0 ? 100 : 1000, 1);
  BOOST_TEST(ten.shares({0, 1, 2, 3}, 80) == (rows{2, 26, 26, 26}),
             boost::test_tools::per_element());
  // Each has at least one row, where there are enough.
  pace.trained(3, 1, 1000);
  BOOST_TEST(pace.shares({0, 1, 3}, 8) == (rows{2, 5, 1}), boost::test_tools::per_element());
  const rows few = pace.shares({0, 1, 3}, 2);
  BOOST_TEST(few[0] + few[1] + few[2] == 2u);
}

BOOST_AUTO_TEST_CASE(who_would_be_through_last_is_the_straggler) {
  rebalancer pace(3);
  for (const std::uint32_t w : {0u, 1u}) pace.trained(w, 100, w == 0 ? 1 : 4);
  pace.holds(0, 100, true, 0);  // 1 s
  pace.holds(1, 100, true, 0);  // 4 s
  BOOST_TEST(pace.rows_held() == 200u);
  BOOST_TEST(pace.finish(1) == 4);
  BOOST_TEST((pace.straggler(100, 10, 0) == 1u));
  BOOST_TEST(!pace.straggler(5, 10, 0));     // a mini-batch takes the helper 2 s
  BOOST_TEST(!pace.straggler(100, 200, 0));  // less than a mini-batch is left
  pace.spare(1);
  BOOST_TEST((pace.straggler(100, 10, 0) == 0u));
  // One that is late may be late for long.
  BOOST_TEST((pace.straggler(100, 10, 2) == 0u));
  BOOST_TEST(pace.finish(0) == 4);
  pace.holds(1, 0, true, 3);
  pace.holds(0, 0, true, 3);
  BOOST_TEST(!pace.straggler(100, 10, 3));
  BOOST_TEST(pace.rows_held() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
