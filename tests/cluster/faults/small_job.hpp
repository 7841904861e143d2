#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/faults/cluster_world.hpp"
#include "cluster/workspace.hpp"

namespace troupe::testing {

/// Pictures of digits and a small dense network in a few slices: trained within a second, unless
/// messages are slow.
inline std::string small_job(const std::string& protocol, int epochs = 4) {
  return "name: small\n"
         "seed: 3\n"
         "data:\n"
         "  train: {format: synthetic, kind: digits, rows: 3000}\n"
         "  split: {test: 0.2}\n"
         "  transforms:\n"
         "    - min_max: {from: [0, 255]}\n"
         "model:\n"
         "  input: [28, 28]\n"
         "  layers:\n"
         "    - flatten\n"
         "    - dense: {units: 32, activation: relu}\n"
         "    - dense: {units: 10, activation: softmax}\n"
         "  metrics: [accuracy]\n"
         "optimizer:\n"
         "  protocol: " +
         protocol + (protocol == "sync_sgd" ? "\n" : "\n  communication_window: 2\n") +
         "  gradient_rule: {name: adam, learning_rate: 0.002}\n"
         "training: {epochs: " +
         std::to_string(epochs) +
         ", batch_size: 20, evaluate_every: 0}\n"
         "supervisor: {rebalance: {enabled: false}}\n"
         "actors: {workers: 3, parameter_servers: 2, data_shards: 3, slice: 8192}\n";
}

/// How the accuracies of two runs of the small job may differ that train in another order.
constexpr double like_in_one_process = 0.05;

/// The same job as a cluster of `five_nodes` runs, in one process.
class reference_run {
 public:
  explicit reference_run(const std::string& job) {
    const outcome done =
        run_troupe({"train", files_.write("job.yaml", job), "--run", files_ / "run", "--quiet"});
    BOOST_TEST_REQUIRE(done.status == 0, done.err);
  }
  nlohmann::json summary() const { return files_.json("run/summary.json"); }
  std::string model() const { return files_ / "run/model.troupe"; }

 private:
  workspace files_;
};

/// A run that lasts, two seconds and more for an epoch, while messages take their time, and not
/// once they do not. What has to happen while it runs can then happen, on a machine of any speed.
inline world_options lasting_run(const std::string& protocol = "downpour", int epochs = 16) {
  world_options options;
  options.job = small_job(protocol, epochs);
  options.relays = true;
  return options;
}

inline void set_all(cluster_world& world, const relay_settings& settings) {
  for (std::size_t i = 0; i < world.nodes(); ++i) {
    world.to_node(i).set(settings);
    world.to_launcher(i).set(settings);
  }
}

inline void slow_down(cluster_world& world) {
  set_all(world, {std::chrono::milliseconds(50), std::chrono::milliseconds(50)});
}

inline void speed_up(cluster_world& world) {
  set_all(world, {});
}

/// A lasting run that is kept often, over two servers and four workers.
inline world_options kept_run(const std::string& protocol) {
  world_options options = lasting_run(protocol, 24);
  const std::string off = "supervisor: {rebalance: {enabled: false}}";
  options.job.replace(options.job.find(off), off.size(),
                      "supervisor: {checkpoint: {every_seconds: 0.5}}");
  const std::string three = "{workers: 3, parameter_servers: 2, data_shards: 3";
  options.job.replace(options.job.find(three), three.size(),
                      "{workers: 4, parameter_servers: 2, data_shards: 4");
  options.nodes = five_nodes();
  options.nodes.push_back({"worker-4", 0, 1, 1});
  options.cluster = {{"suspect_after", "0.5"}, {"dead_after", "2"}};
  return options;
}

/// Time passes for the cluster, while we take what it writes.
inline void let_pass(cluster_world& world, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  world.until([&] { return std::chrono::steady_clock::now() > end; });
}

/// Waits until all nodes but those that were killed take part, again.
inline void require_all_here(cluster_world& world, const std::vector<std::size_t>& killed) {
  const auto all_here = [&] {
    std::map<std::string, bool> here;
    for (const auto& e : world.events()) {
      const std::string what = e["event"];
      if (what == "node_joined") here[e["node"]] = true;
      if (what == "node_lost" || what == "node_left") here[e["node"]] = false;
    }
    const auto count =
        std::count_if(here.begin(), here.end(), [](const auto& n) { return n.second; });
    return static_cast<std::size_t>(count) + killed.size() == world.nodes();
  };
  BOOST_TEST_REQUIRE(world.until(all_here), world.story());
}

/// The run has ended as it should, whatever happened to it: each row of each epoch counts once.
/// `killed`: nodes that were.
inline void check_complete(cluster_world& world, const outcome& done,
                           const std::vector<std::size_t>& killed = {}) {
  BOOST_TEST_REQUIRE(done.status == 0, world.story());
  const auto summary = world.summary();
  BOOST_CHECK_EQUAL(summary["stopped_by"], "epochs");
  BOOST_CHECK_EQUAL(
      summary["rows_trained"].get<std::uint64_t>() - summary["rows_repeated"].get<std::uint64_t>(),
      summary["rows_per_epoch"].get<std::uint64_t>() * summary["epochs"].get<std::uint64_t>());
  for (std::size_t i = 0; i < world.nodes(); ++i) {
    const bool was = std::find(killed.begin(), killed.end(), i) != killed.end();
    const int status = world.node(i).wait().status;
    BOOST_CHECK_MESSAGE(status == (was ? 128 + SIGKILL : 0), world.story());
  }
}

/// It is that of a run in one process that nothing happened to.
inline void check_accuracy(cluster_world& world, const world_options& options) {
  const reference_run undisturbed(options.job);
  BOOST_CHECK_SMALL(world.summary()["test_accuracy"].get<double>() -
                        undisturbed.summary()["test_accuracy"].get<double>(),
                    like_in_one_process);
}

/// Waits until the run trains: the slow-down is felt, and there is something to disturb.
inline void require_training(cluster_world& world) {
  BOOST_TEST_REQUIRE(world.until([&] { return world.reports() > 5; }), world.story());
}

}  // namespace troupe::testing
