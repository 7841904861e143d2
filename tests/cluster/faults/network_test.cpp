#include "cluster/faults/small_job.hpp"

using namespace troupe::testing;
using std::chrono::milliseconds;

namespace {

void check_accuracy(cluster_world& world, const std::string& job) {
  const reference_run one_process(job);
  check_complete(world, world.finish());
  BOOST_CHECK_SMALL(world.summary()["test_accuracy"].get<double>() -
                        one_process.summary()["test_accuracy"].get<double>(),
                    like_in_one_process);
  BOOST_CHECK(world.events("worker_lost").empty());
}

/// 20 ms each way, and one packet in a hundred lost: by the kernel where it can, else by relays.
void disturb(cluster_world& world, const namespaces* machines) {
  bool by_kernel = machines != nullptr;
  for (std::size_t i = 0; by_kernel && i < machines->size(); ++i) {
    by_kernel = machines->disturb(i, milliseconds(20), 0.01);
  }
  if (!by_kernel) set_all(world, {milliseconds(20), milliseconds(20), 0.01});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_cluster_in_a_network)

BOOST_AUTO_TEST_CASE(of_machines_with_their_own_addresses_trains) {
  if (!namespaces::possible()) return;
  const namespaces machines(6);
  world_options options;
  options.job = small_job("downpour");
  options.tls = true;
  options.machines = &machines;
  cluster_world world(options);
  check_accuracy(world, options.job);
}

BOOST_AUTO_TEST_CASE(that_delays_and_loses_packets_trains) {
  world_options options;
  options.job = small_job("downpour", 4);
  options.relays = true;
  cluster_world world(options);
  disturb(world, nullptr);
  check_accuracy(world, options.job);
}

BOOST_AUTO_TEST_CASE(that_delays_and_loses_packets_between_machines_trains) {
  if (!namespaces::possible()) return;
  const namespaces machines(6);
  world_options options;
  options.job = small_job("downpour", 4);
  options.relays = true;
  options.tls = true;
  options.machines = &machines;
  cluster_world world(options);
  disturb(world, &machines);
  check_accuracy(world, options.job);
}

BOOST_AUTO_TEST_SUITE_END()
