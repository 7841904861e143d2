// Runs in rounds that end before all slices have come to the same round.

#include <boost/test/unit_test.hpp>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(rounds_that_end)

BOOST_AUTO_TEST_CASE(a_worker_that_diverges_in_the_middle_of_its_commits) {
  // More slices than are under way at a time: when the first is refused, the last are not sent, and
  // will never come to the round that the first have come to.
  for (const char* consistency : {"synchronous", "{name: synchronous, backup_workers: 1}"}) {
    for (const char* protocol : {"downpour", "averaging", "easgd"}) {
      for (std::uint64_t order = 1; order <= 6; ++order) {
        BOOST_TEST_CONTEXT(protocol << ", " << consistency << ", order " << order) {
          whole_run run(small_job({std::string("optimizer.protocol=") + protocol,
                                   std::string("optimizer.consistency=") + consistency,
                                   "optimizer.communication_window=1",
                                   "optimizer.gradient_rule.learning_rate=1e38",
                                   "model.loss=mean_squared_error", "model.metrics=[]",
                                   "model.layers=[{dense: {units: 64, activation: tanh}}, "
                                   "{dense: {units: 1}}]",
                                   "supervisor.rebalance.enabled=false"}),
                        two_classes(200));
          run.shuffle(order);
          const auto outcome = run.finish();
          BOOST_REQUIRE(outcome);
          BOOST_TEST(outcome->stopped_by == "diverged");
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
