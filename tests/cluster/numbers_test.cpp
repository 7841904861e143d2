#include <cmath>

#include "cluster/workspace.hpp"
#include "troupe/base/sectioned_file.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

/// Trains `quick_job` with the changes given; the folder is `name`.
nlohmann::json train(const workspace& here, const std::string& name,
                     const std::vector<std::string>& changes) {
  std::vector<std::string> arguments = {
      "train", here.write(name + ".yaml", quick_job), "--quiet", "--json", "--run", here / name};
  for (const std::string& change : changes) arguments.insert(arguments.end(), {"--set", change});
  const outcome done = run_troupe(arguments);
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  return nlohmann::json::parse(done.out);
}

std::string bytes_of(const workspace& here, const std::string& name, const std::string& section) {
  return troupe::sectioned_file::load(here / (name + "/model.troupe")).text(section);
}

std::vector<float> parameters_of(const workspace& here, const std::string& name) {
  return troupe::trained_model::load(here / (name + "/model.troupe"), troupe::catalogue::builtin())
      .parameters;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_bits) {
  const workspace here;
  for (const char* protocol : {"sequential", "downpour", "adag", "dynsgd", "aeasgd"}) {
    BOOST_TEST_CONTEXT(protocol) {
      const std::vector<std::string> one = {"actors.workers=1", "training.epochs=2",
                                            std::string("optimizer.protocol=") + protocol};
      std::vector<std::string> other = one;
      other.push_back("seed=4");
      const std::string a = protocol + std::string("-a"), b = protocol + std::string("-b"),
                        c = protocol + std::string("-c");
      const auto summary = train(here, a, one);
      BOOST_CHECK_EQUAL(summary["reproducible"], true);
      const auto again = train(here, b, one);
      train(here, c, other);
      for (const char* section : {"parameters", "statistics", "transforms", "model"}) {
        BOOST_CHECK_MESSAGE(bytes_of(here, a, section) == bytes_of(here, b, section), section);
      }
      BOOST_CHECK(bytes_of(here, a, "parameters") != bytes_of(here, c, "parameters"));
      for (const char* key : {"train_loss", "test_loss", "test_accuracy", "commits"}) {
        BOOST_CHECK_EQUAL(summary[key], again[key]);
      }
    }
  }
}

/// One worker that commits after every mini-batch is alone with the centre: whatever the protocol,
/// the model moves as in sequential training.
BOOST_AUTO_TEST_CASE(one_worker_with_window_1_trains_as_sequential_training_does) {
  const workspace here;
  const std::vector<std::string> common = {
      "actors.workers=1", "optimizer.communication_window=1",
      "optimizer.gradient_rule={name: sgd, learning_rate: 0.1}"};
  std::vector<float> expected;
  for (const char* protocol : {"sequential", "downpour", "adag", "dynsgd"}) {
    BOOST_TEST_CONTEXT(protocol) {
      auto changes = common;
      changes.push_back(std::string("optimizer.protocol=") + protocol);
      train(here, protocol, changes);
      const std::vector<float> parameters = parameters_of(here, protocol);
      if (expected.empty()) expected = parameters;
      BOOST_REQUIRE_EQUAL(parameters.size(), expected.size());
      double largest = 0, difference = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max<double>(largest, std::abs(expected[i]));
        difference = std::max<double>(difference, std::abs(expected[i] - parameters[i]));
      }
      BOOST_CHECK_LE(difference, 1e-5 * largest);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_row_is_trained_once_an_epoch_whatever_the_numbers) {
  const workspace here;
  for (const char* enabled : {"true", "false"}) {
    BOOST_TEST_CONTEXT("rebalance " << enabled) {
      const auto summary = train(
          here, std::string("awkward-") + enabled,
          {"data.split=null", "data.test={format: synthetic, kind: digits, rows: 50}",
           "data.train.rows=1003", "training.batch_size=16", "training.epochs=3",
           "optimizer.communication_window=5", "actors.workers=3", "actors.parameter_servers=2",
           "actors.data_shards=2", std::string("supervisor.rebalance.enabled=") + enabled});
      BOOST_CHECK_EQUAL(summary["rows_trained"], 3 * 1003);
      BOOST_CHECK_EQUAL(summary["rows_per_epoch"], 1003);
      std::uint64_t rows = 0;
      for (const auto& worker : summary["per_worker"]) rows += worker["rows"].get<std::uint64_t>();
      BOOST_CHECK_EQUAL(rows, 3u * 1003u);
    }
  }
}

BOOST_AUTO_TEST_CASE(without_rebalancing_commits_are_the_windows_of_each_worker) {
  const workspace here;
  const int window = 5;
  const auto summary =
      train(here, "commits",
            {"data.split=null", "data.test={format: synthetic, kind: digits, rows: 50}",
             "data.train.rows=1003", "training.batch_size=16", "optimizer.communication_window=5",
             "actors.workers=3", "actors.parameter_servers=2", "actors.data_shards=2",
             "supervisor.rebalance.enabled=false"});
  std::uint64_t expected = 0;
  for (const auto& worker : summary["per_worker"]) {
    const int mini_batches = worker["mini_batches"];
    // A third of the rows each, the last mini-batch of each with what is left.
    BOOST_CHECK_EQUAL(mini_batches, (worker["rows"].get<int>() + 15) / 16);
    const int windows = (mini_batches + window - 1) / window;
    BOOST_CHECK_EQUAL(worker["commits"], windows);
    expected += static_cast<std::uint64_t>(windows);
  }
  BOOST_CHECK_EQUAL(summary["commits"], expected);
}

BOOST_AUTO_TEST_CASE(each_stop_rule_ends_the_run_and_is_named) {
  const workspace here;
  // What no run of these sizes would do by itself in the epochs given.
  const std::vector<std::pair<std::string, std::vector<std::string>>> all = {
      {"target_accuracy", {"training.stop={target_accuracy: 0.3}"}},
      {"target_loss", {"training.stop={target_loss: 2.0}"}},
      {"patience",
       {"training.stop={patience: 2}",
        "optimizer.gradient_rule={name: sgd, learning_rate: 1.0e-12}"}},
      {"max_seconds", {"training.stop={max_seconds: 0.3}"}},
  };
  for (const auto& [reason, changes] : all) {
    BOOST_TEST_CONTEXT(reason) {
      auto given = changes;
      given.push_back("training.epochs=1000000");
      const auto summary = train(here, reason, given);
      BOOST_CHECK_EQUAL(summary["stopped_by"], reason);
      BOOST_CHECK_LT(summary["rows_trained"].get<double>(), 1e6 * 800);
      if (reason == "target_accuracy") BOOST_CHECK_GT(summary["test_accuracy"], 0.2);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
