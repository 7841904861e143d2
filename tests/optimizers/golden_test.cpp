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

BOOST_AUTO_TEST_CASE(one_worker_with_a_window_of_one_trains_as_if_alone) {
  const std::vector<float> start(40, 1.0f);
  const protocol_entry& alone = protocol("sequential");
  conversation reference(alone, setup_for(alone, 1, 1), start, 16);
  for (int i = 0; i < 60; ++i) reference.step(0, tilted);
  for (const char* name : {"downpour", "adag", "dynsgd"}) {
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

BOOST_AUTO_TEST_CASE(sequential_publishes_what_it_is) {
  const protocol_entry& entry = protocol("sequential");
  BOOST_TEST(!entry.counts_commits);
  BOOST_TEST(entry.most_workers == 1u);
  conversation talk(entry, setup_for(entry, 1, 2), {1.0f}, 16);
  BOOST_TEST((talk.step(0, bowl) == intent::none));
  BOOST_TEST((talk.step(0, bowl) == intent::publish));
  BOOST_TEST((entry.make_worker(setup_for(entry, 1, 2))->closing() == intent::publish));
  talk.commit(0);
  BOOST_TEST((talk.center() == talk.x(0)));
  BOOST_TEST(std::abs(talk.center()[0] - 0.81) < 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()
