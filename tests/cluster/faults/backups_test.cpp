// Parameter servers whose processes are killed or stopped while others keep backups of their
// slices: the run goes on at once, from where it was.

#include <csignal>

#include "cluster/faults/small_job.hpp"

using namespace troupe::testing;

namespace {

world_options backed_up(const std::string& protocol) {
  world_options options = kept_run(protocol);
  options.cluster["replicas"] = "1";
  return options;
}

void require_training_slowly(cluster_world& world) {
  slow_down(world);
  require_training(world);
}

/// Another one has the slices, and a third one, at last, their backups.
void require_backed_up_again(cluster_world& world) {
  const auto filled = [&] {
    const auto events = world.events();
    const auto is = [](const char* name) {
      return [=](const nlohmann::json& e) { return e["event"] == name; };
    };
    const auto promoted = std::find_if(events.begin(), events.end(), is("backups_promoted"));
    return std::find_if(promoted, events.end(), is("backups_filled")) != events.end();
  };
  BOOST_TEST_REQUIRE(world.until(filled), world.story());
}

void check_no_way_back(cluster_world& world, std::uint64_t most_repeated) {
  BOOST_CHECK_EQUAL(world.events("backups_promoted").size(), 1u);
  BOOST_CHECK_MESSAGE(world.events("went_back").empty(), world.story());
  BOOST_CHECK_LE(world.summary()["rows_repeated"].get<std::uint64_t>(), most_repeated);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backups)

BOOST_AUTO_TEST_CASE(take_over_from_a_server_that_is_killed) {
  for (const std::string protocol : {"downpour", "sync_sgd"}) {
    BOOST_TEST_CONTEXT(protocol) {
      const world_options options = backed_up(protocol);
      cluster_world world(options);
      require_training_slowly(world);
      world.node(1).signal(SIGKILL);
      require_backed_up_again(world);
      speed_up(world);
      check_complete(world, world.finish(), {1});
      check_no_way_back(world, 0);
      check_accuracy(world, options);
    }
  }
}

BOOST_AUTO_TEST_CASE(are_enough_where_half_of_the_workers_go_too) {
  const world_options options = backed_up("downpour");
  cluster_world world(options);
  require_training_slowly(world);
  for (const std::size_t victim : {0u, 2u, 5u}) world.node(victim).signal(SIGKILL);
  require_backed_up_again(world);
  speed_up(world);
  check_complete(world, world.finish(), {0, 2, 5});
  // What two workers had not committed to all slices: at most two windows each.
  check_no_way_back(world, 2u * 2u * 2u * 20u);
  check_accuracy(world, options);
}

BOOST_AUTO_TEST_CASE(take_over_from_a_server_that_is_silent) {
  const world_options options = backed_up("downpour");
  cluster_world world(options);
  require_training_slowly(world);
  world.node(0).signal(SIGSTOP);
  require_backed_up_again(world);
  world.node(0).signal(SIGCONT);
  require_all_here(world, {});
  speed_up(world);
  check_complete(world, world.finish());
  check_no_way_back(world, 0);
  check_accuracy(world, options);
}

BOOST_AUTO_TEST_SUITE_END()
