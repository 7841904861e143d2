// Parameter servers whose processes are killed or stopped: the run goes back to its last checkpoint
// and ends as it should.

#include <csignal>

#include "cluster/faults/small_job.hpp"

using namespace troupe::testing;
using std::chrono::seconds;

namespace {

void require_kept(cluster_world& world) {
  slow_down(world);
  BOOST_TEST_REQUIRE(world.until([&] { return world.events("checkpoint").size() >= 2; }),
                     world.story());
}

/// It trains again, from a checkpoint.
void require_resumed(cluster_world& world) {
  BOOST_TEST_REQUIRE(world.until([&] { return !world.events("resumed").empty(); }), world.story());
  BOOST_TEST_REQUIRE(world.events("went_back").size() == 1u, world.story());
  BOOST_CHECK(world.events("went_back")[0]["checkpoint"].is_number());
  BOOST_CHECK_EQUAL(world.events("parameter_server_replaced").size(), 1u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_lost_server)

BOOST_AUTO_TEST_CASE(takes_the_run_back_to_its_last_checkpoint) {
  for (const std::string protocol : {"downpour", "sync_sgd"}) {
    BOOST_TEST_CONTEXT(protocol) {
      const world_options options = kept_run(protocol);
      cluster_world world(options);
      require_kept(world);
      world.node(1).signal(SIGKILL);
      require_resumed(world);
      speed_up(world);
      check_complete(world, world.finish(), {1});
      check_accuracy(world, options);
    }
  }
}

BOOST_AUTO_TEST_CASE(may_go_with_half_of_the_workers) {
  const world_options options = kept_run("downpour");
  cluster_world world(options);
  require_kept(world);
  for (const std::size_t victim : {0u, 2u, 5u}) world.node(victim).signal(SIGKILL);
  require_resumed(world);
  speed_up(world);
  check_complete(world, world.finish(), {0, 2, 5});
  check_accuracy(world, options);
}

BOOST_AUTO_TEST_CASE(may_be_silent_and_come_back_as_nobody) {
  const world_options options = kept_run("downpour");
  cluster_world world(options);
  require_kept(world);
  world.node(0).signal(SIGSTOP);
  require_resumed(world);
  world.node(0).signal(SIGCONT);
  require_all_here(world, {});
  speed_up(world);
  check_complete(world, world.finish());
  check_accuracy(world, options);
}

BOOST_AUTO_TEST_SUITE_END()
