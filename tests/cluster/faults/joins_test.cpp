// Nodes that the job does not name join while it trains.

#include <csignal>

#include "cluster/faults/small_job.hpp"

using namespace troupe::testing;

namespace {

std::size_t joined(const cluster_world& world) {
  std::size_t count = 0;
  for (const auto& e : world.events("worker_joined")) count += e["node"] == "extra";
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nodes_that_help)

BOOST_AUTO_TEST_CASE(get_their_share) {
  for (const std::string protocol : {"downpour", "sync_sgd"}) {
    BOOST_TEST_CONTEXT(protocol) {
      cluster_world world(kept_run(protocol));
      slow_down(world);
      require_training(world);
      world.help({"extra", 1, 2, 0});
      BOOST_TEST_REQUIRE(world.until([&] {
        return joined(world) == 2 && !world.events("backups_filled").empty();
      }),
                         world.story());
      speed_up(world);
      check_complete(world, world.finish());
      BOOST_CHECK_EQUAL(world.summary()["rows_repeated"], 0);
      const auto workers = world.summary()["per_worker"];
      BOOST_TEST_REQUIRE(workers.size() == 6u);
      for (const auto& w : workers) BOOST_CHECK_GT(w["rows"].get<int>(), 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(may_go_again) {
  cluster_world world(kept_run("downpour"));
  slow_down(world);
  require_training(world);
  world.help({"extra", 0, 2, 0});
  BOOST_TEST_REQUIRE(world.until([&] { return joined(world) == 2; }), world.story());
  const std::size_t extra = world.nodes() - 1;
  world.node(extra).signal(SIGKILL);
  BOOST_TEST_REQUIRE(world.until([&] { return world.events("worker_lost").size() == 2; }),
                     world.story());
  speed_up(world);
  check_complete(world, world.finish(), {extra});
}

BOOST_AUTO_TEST_SUITE_END()
