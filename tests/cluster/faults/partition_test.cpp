#include "cluster/faults/small_job.hpp"

using namespace troupe::testing;
using std::chrono::seconds;

namespace {

constexpr std::size_t victim = 3;  // of `five_nodes`: the second worker, and a data shard

/// Cuts a node off from everybody, or takes it back.
void cut_off(const namespaces& machines, bool off) {
  machines.link(victim + 1, !off);
}

/// Cuts a node off from the launcher and from who dials it; it still reaches the servers, which
/// must turn it away once it counts as lost.
void cut_off(cluster_world& world, bool off) {
  world.to_node(victim).partition(off);
  world.to_launcher(victim).partition(off);
}

/// A partition of `short_one` heals without a trace; one of `long_one` costs the node its parts,
/// and it comes back for new ones.
void check_partitions(cluster_world& world, const std::function<void(bool)>& cut,
                      std::chrono::milliseconds short_one, std::chrono::milliseconds long_one) {
  slow_down(world);
  require_training(world);
  BOOST_CHECK_EQUAL(world.events("worker_joined").size(), 3u);

  cut(true);
  let_pass(world, short_one);
  cut(false);
  const std::uint64_t reports = world.reports();
  BOOST_TEST_REQUIRE(world.until([&] { return world.reports() > reports + 20; }), world.story());
  BOOST_CHECK_MESSAGE(world.events("worker_lost").empty(), world.story());

  cut(true);
  let_pass(world, long_one);
  BOOST_CHECK_EQUAL(world.events("worker_lost").size(), 1u);
  BOOST_CHECK_EQUAL(world.events("worker_joined").size(), 3u);
  cut(false);
  BOOST_TEST_REQUIRE(world.until([&] { return world.events("worker_joined").size() == 4; }),
                     world.story());

  speed_up(world);
  check_complete(world, world.finish());
  BOOST_CHECK_EQUAL(world.events("worker_lost").size(), 1u);
  BOOST_CHECK_EQUAL(world.events("worker_joined").size(), 4u);
}

world_options impatient(const std::string& protocol) {
  world_options options = lasting_run(protocol);
  options.cluster = {{"suspect_after", "0.5"}, {"dead_after", "2"}};
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_partition)

BOOST_AUTO_TEST_CASE(from_the_launcher_heals_or_ends_in_a_new_incarnation) {
  cluster_world world(impatient("downpour"));
  check_partitions(
      world, [&](bool off) { cut_off(world, off); }, seconds(1), seconds(4));
}

BOOST_AUTO_TEST_CASE(in_rounds_holds_everybody_up_until_the_lost_one_is_given_up) {
  cluster_world world(impatient("sync_sgd"));
  check_partitions(
      world, [&](bool off) { cut_off(world, off); }, seconds(1), seconds(4));
}

BOOST_AUTO_TEST_CASE(of_5_seconds_between_machines_heals_and_one_of_20_ends_in_a_new_incarnation) {
  if (!namespaces::possible()) return;
  const namespaces machines(6);
  world_options options = lasting_run("downpour", 32);
  options.tls = true;
  options.machines = &machines;
  cluster_world world(options);
  check_partitions(
      world, [&](bool off) { cut_off(machines, off); }, seconds(5), seconds(20));
}

BOOST_AUTO_TEST_SUITE_END()
