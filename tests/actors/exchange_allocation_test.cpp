// What the conversation takes from the heap: a number that no machine's speed changes, and that
// grows when a message is copied or a timer set where none was.

#include <boost/test/unit_test.hpp>

#include "actors/whole_run.hpp"
#include "fixture/heap_watch.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

struct cost {
  double takes = 0, bytes = 0;  ///< of a window
};

/// By the difference between a long run and a short one: both begin and end alike.
cost cost_of_window(const std::vector<std::string>& changes) {
  struct sum {
    double takes, bytes, commits;
  };
  const auto train = [&](std::size_t rows) {
    whole_run run(small_job(changes), two_classes(rows));
    const heap_watch watch;
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    return sum{static_cast<double>(watch.taken()), static_cast<double>(watch.bytes()),
               outcome->summary["commits"].get<double>()};
  };
  train(400);  // what is kept for reuse is there from now on
  const sum less = train(2000), more = train(6000);
  const double windows = more.commits - less.commits;
  BOOST_TEST_REQUIRE(windows > 50);
  return {(more.takes - less.takes) / windows, (more.bytes - less.bytes) / windows};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exchange_allocation)

BOOST_AUTO_TEST_CASE(a_window_takes_little_from_the_heap_and_never_its_parameters) {
  if (!heap_watch::works) {
    BOOST_TEST_MESSAGE("skipped: a sanitizer owns the heap");
    return;
  }
  // 40,000 parameters in four slices: copying them once would be 160,000 bytes.
  const std::vector<std::string> changes = {
      "optimizer.protocol=adag",
      "optimizer.communication_window=5",
      "model.layers=[{dense: {units: 8000, activation: tanh}}, {dense: {units: 2}}]",
      "training.epochs=1",
      "training.evaluate_every=0",
      "actors={workers: 2, parameter_servers: 2, data_shards: 1, slice: 10008}",
  };
  const cost one = cost_of_window(changes);
  // Measured: 144 times, 19,400 bytes, for five slices and five mini-batches.
  BOOST_TEST_MESSAGE(one.takes << " times and " << one.bytes << " bytes a window");
  BOOST_TEST(one.takes < 180);
  BOOST_TEST(one.bytes < 30000);
}

BOOST_AUTO_TEST_SUITE_END()
