#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "optimizers/conversation.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<protocol_entry> known = builtin_protocols();

const protocol_entry& protocol(const std::string& name) {
  return find_protocol(known, name, "");
}

/// Two workers on x^2 / 2 from x = 1 with sgd at rate 0.1 and two steps a window. Both begin
/// from version 0, then commit in turn; the centre after each commit.
std::vector<double> taking_turns(const std::string& name, std::size_t commits,
                                 const settings& options = {}) {
  const protocol_entry& entry = protocol(name);
  conversation talk(entry, setup_for(entry, 2, 2, options), {1.0f}, 16);
  std::vector<double> centers;
  for (std::size_t i = 0; i < commits; ++i) {
    BOOST_TEST((talk.step(i % 2, bowl) == intent::none));
    BOOST_TEST((talk.step(i % 2, bowl) == intent::commit));
    talk.commit(i % 2);
    centers.push_back(talk.center()[0]);
  }
  return centers;
}

void check_close(const std::vector<double>& got, const std::vector<double>& expected) {
  BOOST_TEST_REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    BOOST_TEST_CONTEXT("commit " << i + 1) {
      BOOST_TEST(std::abs(got[i] - expected[i]) < 1e-6);
    }
  }
}

/// A curved bowl with a minimum off the origin.
void tilted(span<const float> x, span<float> g) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<float>(i);
    g[i] = (0.5f + at / 40) * (x[i] - std::sin(at));
  }
}

void publishes(const protocol_entry& entry) {
  BOOST_TEST(!entry.counts_commits);
  conversation talk(entry, setup_for(entry, 1, 2), {1.0f}, 16);
  BOOST_TEST((talk.step(0, bowl) == intent::none));
  BOOST_TEST((talk.step(0, bowl) == intent::publish));
  BOOST_TEST((entry.make_worker(setup_for(entry, 1, 2))->closing() == intent::publish));
  talk.commit(0);
  BOOST_TEST((talk.center() == talk.x(0)));
  BOOST_TEST(std::abs(talk.center()[0] - 0.81) < 1e-6);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_tables)

// Worked by hand from the papers' equations.
BOOST_AUTO_TEST_CASE(downpour_adds) {
  check_close(taking_turns("downpour", 4), {0.81, 0.62, 0.4661, 0.3483});
}

BOOST_AUTO_TEST_CASE(adag_divides_by_the_window) {
  check_close(taking_turns("adag", 4), {0.905, 0.81, 0.724025, 0.647075});
  check_close(taking_turns("agn", 4), {0.905, 0.81, 0.724025, 0.647075});
}

BOOST_AUTO_TEST_CASE(dynsgd_divides_by_the_staleness) {
  check_close(taking_turns("dynsgd", 4), {0.81, 0.715, 0.63805, 0.570125});
}

BOOST_AUTO_TEST_CASE(aeasgd_exchanges) {
  // alpha is min(0.5, 0.9 / 2) = 0.45.
  check_close(taking_turns("aeasgd", 4), {0.9145, 0.867475, 0.803521, 0.7543221625});
  // 5.0 x 0.05 = 0.25: the first exchange moves the centre by a quarter of 0.81 - 1.
  check_close(taking_turns("aeasgd", 1, {{"rho", 5.0}, {"learning_rate", 0.05}}), {0.9525});
  check_close(taking_turns("aeasgd", 1, {{"alpha", 0.25}}), {0.9525});
}

BOOST_AUTO_TEST_CASE(eamsgd_exchanges_after_steps_with_momentum) {
  // alpha is 0.45. From x = 1, v = 0: g = 1, v = -0.1, x = 0.9; g at 0.9 - 0.09 = 0.81,
  // v = -0.09 - 0.081 = -0.171, x = 0.729. So c = 1 - 0.45 x 0.271 = 0.87805, x0 = 0.85095; and
  // with x1 = 0.729, c = 0.87805 - 0.45 x 0.14905 = 0.8109775, x1 = 0.7960725. The velocity goes
  // on from -0.171 on both.
  const settings rate{{"learning_rate", 0.1}};
  check_close(taking_turns("eamsgd", 4, rate), {0.87805, 0.8109775, 0.6186083275, 0.49480271875});
  // 2.5 x 0.1 = 0.25: a quarter of 0.729 - 1.
  check_close(taking_turns("eamsgd", 1, {{"learning_rate", 0.1}, {"rho", 2.5}}), {0.93225});
  // Without momentum it is aeasgd with sgd.
  check_close(taking_turns("eamsgd", 4, {{"learning_rate", 0.1}, {"momentum", 0.0}}),
              {0.9145, 0.867475, 0.803521, 0.7543221625});
}

BOOST_AUTO_TEST_CASE(adag_thesis_damps_where_the_centre_has_moved) {
  // 1: nothing has moved. 2: r = -0.095, moved -0.095: 0.905 - 0.095 / 1.009025.
  check_close(taking_turns("adag_thesis", 4, {{"gamma", 1.0}}),
              {0.905, 0.810849706, 0.725630117, 0.649154787});
  // 0.095^2 / 1e-4 = 90.25: the second commit counts by 1 / 91.25.
  check_close(taking_turns("adag_thesis", 2), {0.905, 0.905 - 0.095 / 91.25});
  // One worker meets the centre it started from: adag.
  const protocol_entry& entry = protocol("adag_thesis");
  conversation talk(entry, setup_for(entry, 1, 2), {1.0f}, 16);
  double c = 1;
  for (int window = 0; window < 5; ++window) {
    talk.step(0, bowl);
    talk.step(0, bowl);
    talk.commit(0);
    c *= 0.905;
    BOOST_TEST(std::abs(talk.center()[0] - c) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(one_worker_with_a_window_of_one_trains_as_if_alone) {
  const std::vector<float> start(40, 1.0f);
  const protocol_entry& alone = protocol("sequential");
  conversation reference(alone, setup_for(alone, 1, 1), start, 16);
  for (int i = 0; i < 60; ++i) reference.step(0, tilted);
  for (const char* name : {"downpour", "adag", "dynsgd", "adag_thesis"}) {
    const protocol_entry& entry = protocol(name);
    conversation talk(entry, setup_for(entry, 1, 1), start, 16);
    for (int i = 0; i < 60; ++i) {
      BOOST_TEST((talk.step(0, tilted) == intent::commit));
      BOOST_TEST(talk.staleness(0, 0) == 0u);
      talk.commit(0);
    }
    BOOST_TEST((talk.x(0) == talk.center()));
    for (std::size_t i = 0; i < start.size(); ++i) {
      BOOST_TEST(std::abs(talk.center()[i] - reference.x(0)[i]) < 2e-6f);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_last_window_may_be_short) {
  // Three mini-batches where a window has five: x = 0.9^3, so D = -0.271.
  for (const auto& [name, expected] :
       {std::pair{"downpour", 0.729}, {"adag", 1 - 0.271 / 3}, {"dynsgd", 0.729}}) {
    const protocol_entry& entry = protocol(name);
    conversation talk(entry, setup_for(entry, 1, 5), {1.0f}, 16);
    for (int i = 0; i < 3; ++i) BOOST_TEST((talk.step(0, bowl) == intent::none));
    talk.commit(0);
    BOOST_TEST(std::abs(talk.center()[0] - expected) < 1e-6);
    // The next window starts from the answer, and is a whole one again.
    for (int i = 0; i < 4; ++i) BOOST_TEST((talk.step(0, bowl) == intent::none));
    BOOST_TEST((talk.step(0, bowl) == intent::commit));
  }
}

BOOST_AUTO_TEST_CASE(sequential_and_each_of_an_ensemble_publish_what_they_are) {
  BOOST_TEST(protocol("sequential").most_workers == 1u);
  BOOST_TEST(protocol("ensemble").separate_models);
  for (const char* name : {"sequential", "ensemble"}) publishes(protocol(name));
}

BOOST_AUTO_TEST_SUITE_END()
