// Synchronous rounds, worked by hand: who closes a window commits at once, and all start again from
// the same centre.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "optimizers/conversation.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<protocol_entry> known = builtin_protocols();

protocol_setup synchronous(const protocol_entry& entry, std::uint32_t workers, std::uint32_t window,
                           const settings& options = {}) {
  protocol_setup setup = setup_for(entry, workers, window, options);
  setup.synchronous = true;
  return setup;
}

/// Two workers on x^2 / 2 from x = 1, rate 0.1, two steps a round; the centre after each round.
std::vector<double> in_rounds(const std::string& name, std::size_t rounds,
                              const settings& options = {}) {
  const protocol_entry& entry = known.at(name, "", "protocol");
  const int steps = entry.rule == rule_place::server ? 1 : 2;
  conversation talk(entry, synchronous(entry, 2, entry.has_window ? 2 : 1, options), {1.0f}, 16);
  std::vector<double> centers;
  for (std::size_t t = 0; t < rounds; ++t) {
    for (const std::size_t k : {0, 1}) {
      for (int i = 0; i < steps; ++i) talk.step(k, bowl);
    }
    talk.round({0, 1});
    centers.push_back(talk.center()[0]);
  }
  return centers;
}

void check_close(const std::vector<double>& got, const std::vector<double>& expected) {
  BOOST_TEST_REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    BOOST_TEST_CONTEXT("round " << i + 1) {
      BOOST_TEST(std::abs(got[i] - expected[i]) < 1e-6);
    }
  }
}

/// A conversation in which worker 0 does two mini-batches of 16 rows, worker 1 one of 8, and
/// worker 2 none: from x = 1, D = -0.19, -0.1 and 0.
conversation uneven(const std::string& name, const settings& options = {}) {
  const protocol_entry& entry = known.at(name, "", "protocol");
  conversation talk(entry, synchronous(entry, 3, 2, options), {1.0f}, 16);
  talk.step(0, bowl, 16);
  talk.step(0, bowl, 16);
  talk.step(1, bowl, 8);
  talk.round({0, 1, 2});
  return talk;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(synchronous_rounds)

// Two steps take x from c to 0.81 c, so D = -0.19 c for both workers.
BOOST_AUTO_TEST_CASE(downpour_and_dynsgd_add_all_differences) {
  // c <- c - 2 x 0.19 c = 0.62 c; in a round nothing is stale, so dynsgd divides by 1.
  for (const char* name : {"downpour", "dynsgd"}) {
    check_close(in_rounds(name, 4), {0.62, 0.3844, 0.238328, 0.14776336});
    BOOST_TEST(std::abs(uneven(name).center()[0] - (1 - 0.19 - 0.1)) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(adag_adds_differences_per_mini_batch) {
  // c <- c - 2 x 0.095 c = 0.81 c; c_stale is c, so adag_thesis damps nothing.
  for (const char* name : {"adag", "adag_thesis"}) {
    check_close(in_rounds(name, 4), {0.81, 0.6561, 0.531441, 0.43046721});
    // -0.19 / 2 and -0.1 / 1; an idle worker's commit is nothing, not 0 / 0.
    BOOST_TEST(std::abs(uneven(name).center()[0] - (1 - 0.095 - 0.1)) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(elastic_replicas_all_meet_the_same_centre) {
  // alpha = 0.45 for two workers. 1: d = 0.81 - 1, x = 0.81 + 0.45 x 0.19 = 0.8955,
  // c = 1 - 0.9 x 0.19 = 0.829. 2: 0.81 x 0.8955 = 0.725355, d = -0.103645,
  // c = 0.829 - 0.0932805.
  for (const char* name : {"easgd", "aeasgd"}) {
    check_close(in_rounds(name, 4), {0.829, 0.7357195, 0.63635648725, 0.5557089420448751});
    // alpha = 0.3 for three; idle replicas stand where the centre is.
    const conversation talk = uneven(name);
    BOOST_TEST(std::abs(talk.center()[0] - (1 - 0.3 * 0.19 - 0.3 * 0.1)) < 1e-6);
    BOOST_TEST(std::abs(talk.x(0)[0] - (0.81 + 0.3 * 0.19)) < 1e-6);
    BOOST_TEST(std::abs(talk.x(1)[0] - (0.9 + 0.3 * 0.1)) < 1e-6);
    BOOST_TEST(talk.x(2)[0] == 1.0f);
  }
  check_close(in_rounds("easgd", 1, {{"beta", 0.5}}), {1 - 0.5 * 0.19});
  check_close(in_rounds("easgd", 1, {{"alpha", 0.1}}), {1 - 2 * 0.1 * 0.19});
}

BOOST_AUTO_TEST_CASE(eamsgd_keeps_its_velocity_across_rounds) {
  // 1: x = 0.729, v = -0.171 (see the turns), d = -0.271: x = 0.85095, c = 1 - 0.9 x 0.271.
  // 2: g at 0.85095 - 0.1539 = 0.69705, v = -0.223605, x = 0.627345; g at 0.4261005,
  //    v = -0.24385455, x = 0.38349045; d = -0.37260955, c = 0.7561 - 0.335348595.
  check_close(in_rounds("eamsgd", 4, {{"learning_rate", 0.1}}),
              {0.7561, 0.420751405, 0.0997076878502, -0.1350095065558});
}

BOOST_AUTO_TEST_CASE(averaging_weighs_by_rows) {
  // Equal shares: the mean of two equal replicas, c <- 0.81 c.
  check_close(in_rounds("averaging", 4), {0.81, 0.6561, 0.531441, 0.43046721});
  // (32 x 0.19 + 8 x 0.1) / 40 = 0.172.
  const conversation talk = uneven("averaging");
  BOOST_TEST(std::abs(talk.center()[0] - 0.828) < 1e-6);
  for (const std::size_t k : {0, 1, 2}) BOOST_TEST(talk.x(k)[0] == talk.center()[0]);
}

BOOST_AUTO_TEST_CASE(diloco_steps_with_momentum_along_the_mean) {
  // 1: g = 0.19, m = 0.19, c = 1 - 0.7 (0.19 + 0.9 x 0.19) = 0.7473.
  // 2: g = 0.141987, m = 0.171 + 0.141987 = 0.312987, c = 0.7473 - 0.7 (0.141987 + 0.2816883).
  check_close(in_rounds("diloco", 4), {0.7473, 0.45072729, 0.159364874817, -0.089180746101});
  // With rate 1 and no momentum it is averaging.
  check_close(in_rounds("diloco", 3, {{"outer_rate", 1.0}, {"outer_momentum", 0.0}}),
              {0.81, 0.6561, 0.531441});
  // Rows do not weigh, but who has none does not count: g = (0.19 + 0.1) / 2.
  BOOST_TEST(std::abs(uneven("diloco").center()[0] - (1 - 0.7 * 1.9 * 0.145)) < 1e-6);
}

BOOST_AUTO_TEST_CASE(sync_sgd_steps_along_the_mean_gradient) {
  check_close(in_rounds("sync_sgd", 4), {0.9, 0.81, 0.729, 0.6561});
  // Rows 3 and 1, gradients 1 and 3 at c = 1: (3 x 1 + 1 x 3) / 4 = 1.5; then worker 1 has none.
  const protocol_entry& entry = known.at("sync_sgd", "", "protocol");
  conversation talk(entry, synchronous(entry, 2, 1), {1.0f}, 16);
  talk.step(0, bowl, 3);
  talk.step(
      1, [](span<const float> x, span<float> g) { g[0] = 3 * x[0]; }, 1);
  talk.round({0, 1});
  BOOST_TEST(std::abs(talk.center()[0] - 0.85) < 1e-6);
  talk.step(0, bowl, 3);
  talk.round({0, 1});
  BOOST_TEST(std::abs(talk.center()[0] - 0.85 * 0.9) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_round_without_rows_changes_nothing) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "synchronous")) continue;
    BOOST_TEST_CONTEXT(entry.name) {
      conversation talk(entry, synchronous(entry, 2, 1), {1.0f, -3.0f}, 16);
      // The second time there may be a momentum that is not to move anything.
      for (int i = 0; i < 2; ++i) {
        const std::vector<float> before = talk.center();
        talk.round({0, 1});
        // Elastic replicas may be on their way to the centre yet.
        if (!entry.answers_before || i == 0) BOOST_TEST((talk.center() == before));
        for (const std::size_t k : {0, 1}) talk.step(k, bowl);
        talk.round({0, 1});
        BOOST_TEST((talk.center() != before));
      }
      BOOST_TEST(talk.finite());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_commit_that_came_late_leaves_no_trace) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "synchronous")) continue;
    BOOST_TEST_CONTEXT(entry.name) {
      conversation talk(entry, synchronous(entry, 2, 1), {1.0f}, 16);
      talk.step(0, bowl);
      talk.round({0});
      talk.step(1, bowl);
      talk.come_late(1);
      if (entry.payload == payload_kind::parameters) {
        // The exchange did not take place: the replica is what training made it.
        BOOST_TEST(talk.x(1)[0] < 1.0f);
      } else {
        BOOST_TEST(talk.x(1)[0] == talk.center()[0]);
        // What it sends next is not more than what it trains next.
        const float c = talk.center()[0];
        talk.round({1});
        BOOST_TEST(talk.center()[0] == c);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
