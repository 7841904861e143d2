#include <csignal>

#include "cluster/faults/small_job.hpp"
#include "troupe/cluster/trained_model.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

world_options cluster_of(const std::string& job, bool tls) {
  world_options options;
  options.job = job;
  options.tls = tls;
  return options;
}

void check_same_parameters(bool tls) {
  const std::string job = small_job("sync_sgd");
  const reference_run one_process(job);
  cluster_world world(cluster_of(job, tls));
  check_complete(world, world.finish());
  BOOST_CHECK_EQUAL(world.summary()["reproducible"], true);
  const catalogue known = catalogue::builtin();
  const trained_model here = trained_model::load(one_process.model(), known);
  const trained_model there = trained_model::load(world.model(), known);
  BOOST_CHECK_EQUAL(here.parameters.size(), 25'450u);
  BOOST_CHECK(here.parameters == there.parameters);
  BOOST_CHECK_EQUAL(one_process.summary()["test_loss"], world.summary()["test_loss"]);
}

void check_same_accuracy(bool tls) {
  const std::string job = small_job("downpour");
  const reference_run one_process(job);
  cluster_world world(cluster_of(job, tls));
  check_complete(world, world.finish());
  const auto summary = world.summary();
  BOOST_CHECK_SMALL(
      summary["test_accuracy"].get<double>() - one_process.summary()["test_accuracy"].get<double>(),
      like_in_one_process);
  BOOST_CHECK_EQUAL(summary["nodes"], 5);
  BOOST_CHECK_EQUAL(summary["workers"], 3);
  BOOST_CHECK_EQUAL(summary["parameter_servers"], 2);
  BOOST_CHECK_EQUAL(summary["per_worker"].size(), 3u);
  BOOST_CHECK_EQUAL(summary["rows_repeated"], 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_cluster_of_six_processes)

BOOST_AUTO_TEST_CASE(trains_the_same_parameters_as_one_process) {
  check_same_parameters(false);
}

BOOST_AUTO_TEST_CASE(trains_the_same_parameters_over_tls) {
  check_same_parameters(true);
}

BOOST_AUTO_TEST_CASE(reaches_the_accuracy_of_one_process) {
  check_same_accuracy(false);
}

BOOST_AUTO_TEST_CASE(reaches_the_accuracy_of_one_process_over_tls) {
  check_same_accuracy(true);
}

BOOST_AUTO_TEST_CASE(is_gone_soon_after_its_launcher_was_killed) {
  world_options options = lasting_run();
  options.cluster["supervisor_grace"] = "2";
  cluster_world world(options);
  slow_down(world);
  require_training(world);
  world.launcher().signal(SIGKILL);
  BOOST_CHECK_MESSAGE(world.nodes_end(std::chrono::seconds(15)), world.story());
}

BOOST_AUTO_TEST_SUITE_END()
