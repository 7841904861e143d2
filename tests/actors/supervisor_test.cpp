// Whole runs on the deterministic scheduler: every actor is real, time is virtual.

#include <boost/test/unit_test.hpp>
#include <set>

#include "actors/whole_run.hpp"
#include "troupe/config/check.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(supervisor_runs)

BOOST_AUTO_TEST_CASE(every_row_of_every_epoch_is_trained_once) {
  for (const char* rebalance : {"true", "false"}) {
    whole_run run(small_job({std::string("supervisor.rebalance.enabled=") + rebalance}),
                  two_classes(1003));
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    const auto& s = outcome->summary;
    BOOST_TEST(outcome->failure == "");
    BOOST_TEST(outcome->stopped_by == "epochs");
    BOOST_TEST(s["rows_trained"].get<std::uint64_t>() == 3009u);
    std::uint64_t rows = 0, commits = 0;
    for (const auto& w : s["per_worker"]) {
      rows += w["rows"].get<std::uint64_t>();
      commits += w["commits"].get<std::uint64_t>();
    }
    BOOST_TEST(rows == 3009u);
    BOOST_TEST(s["commits"].get<std::uint64_t>() == commits);
    BOOST_TEST(s["test_accuracy"].get<double>() > 0.85);
    BOOST_REQUIRE(outcome->model);
    BOOST_TEST(outcome->model->parameters.size() == 42u);
  }
}

BOOST_AUTO_TEST_CASE(without_rebalancing_commits_are_the_windows_of_equal_shares) {
  whole_run run(small_job({"supervisor.rebalance.enabled=false", "training.epochs=1"}),
                two_classes(1003));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  std::uint64_t windows = 0;
  for (const auto& w : outcome->summary["per_worker"]) {
    windows += (w["mini_batches"].get<std::uint64_t>() + 2) / 3;
    BOOST_TEST(w["rows"].get<std::uint64_t>() >= 300u);
  }
  BOOST_TEST(outcome->summary["commits"].get<std::uint64_t>() == windows);
}

BOOST_AUTO_TEST_CASE(more_workers_than_windows) {
  for (const char* rebalance : {"true", "false"}) {
    whole_run run(small_job({"actors.workers=9", "training.epochs=2",
                             std::string("supervisor.rebalance.enabled=") + rebalance}),
                  two_classes(20));
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() == 40u);
  }
}

BOOST_AUTO_TEST_CASE(one_worker_gives_the_same_bits_twice_and_says_so) {
  const job of = small_job({"actors.workers=1"});
  std::vector<float> first;
  for (int i = 0; i < 2; ++i) {
    whole_run run(of, two_classes(500));
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    BOOST_TEST(outcome->summary["reproducible"].get<bool>());
    if (i == 0) first = outcome->model->parameters;
    BOOST_TEST((outcome->model->parameters == first));
  }
}

BOOST_AUTO_TEST_CASE(evaluations_are_asked_for_and_told) {
  whole_run run(small_job({"training.evaluate_every=0.5"}), two_classes(1000));
  BOOST_REQUIRE(run.finish());
  std::size_t evaluations = 0;
  for (const report& r : run.heard.reports) evaluations += r.evaluation ? 1 : 0;
  BOOST_TEST(evaluations >= 3u);
  BOOST_TEST(evaluations <= 6u);
  BOOST_TEST(run.heard.has_event("started"));
  BOOST_TEST(run.heard.has_event("stopped"));
}

BOOST_AUTO_TEST_CASE(a_reached_target_ends_the_run_early) {
  whole_run run(small_job({"training.epochs=500", "training.stop.target_accuracy=0.9"}),
                two_classes(1000));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "target_accuracy");
  BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() < 500'000u);
  BOOST_TEST(outcome->summary["test_accuracy"].get<double>() >= 0.85);
}

BOOST_AUTO_TEST_CASE(patience_runs_out) {
  // A rate of nothing never improves.
  whole_run run(small_job({"training.epochs=500", "training.stop.patience=3",
                           "optimizer.gradient_rule.learning_rate=1e-30"}),
                two_classes(200));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "patience");
}

BOOST_AUTO_TEST_CASE(a_stop_from_outside_saves_what_there_is) {
  whole_run run(small_job({"training.epochs=100000"}), two_classes(1000));
  run.start();
  for (int i = 0; i < 3000; ++i) run.where().scheduler.try_run_once();
  caf::anon_send(run.lead(), stop_atom::value, std::string("interrupted"));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "interrupted");
  BOOST_TEST(outcome->failure == "");
  BOOST_REQUIRE(outcome->model);
  std::uint64_t rows = 0;
  for (const auto& w : outcome->summary["per_worker"]) rows += w["rows"].get<std::uint64_t>();
  BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() == rows);
}

BOOST_AUTO_TEST_CASE(a_diverging_worker_is_named) {
  whole_run run(small_job({"optimizer.gradient_rule.learning_rate=1e38",
                           "model.loss=mean_squared_error", "model.metrics=[]",
                           "model.layers.1.dense.units=1"}),
                two_classes(1000));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "diverged");
  BOOST_TEST(outcome->failure.find("worker ") == 0u);
  BOOST_REQUIRE(run.heard.has_event("diverged"));
  for (const run_event& e : run.heard.events) {
    if (e.name != "diverged") continue;
    BOOST_TEST(e.facts.contains("worker"));
    BOOST_TEST(e.facts.contains("mini_batch"));
  }
  // The centre never takes what is not finite.
  BOOST_REQUIRE(outcome->model);
  for (const float x : outcome->model->parameters) BOOST_TEST(std::isfinite(x));
}

BOOST_AUTO_TEST_CASE(an_exception_in_a_worker_ends_the_run_with_its_name) {
  auto data = two_classes(1000);
  auto broken = std::make_shared<dataset>(*data.train);
  broken->labels[500] = 7;  // no such class
  data.train = broken;
  whole_run run(small_job(), std::move(data));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "failed");
  BOOST_TEST(outcome->failure.find("worker ") == 0u);
  BOOST_TEST(run.heard.has_event("failed"));
}

BOOST_AUTO_TEST_CASE(an_actor_that_dies_ends_the_run_with_its_name) {
  struct victim {
    const char* name;
    std::function<caf::actor_addr(const cast_handles&)> of;
  };
  const victim victims[] = {
      {"parameter server 1", [](const cast_handles& c) { return c.servers[1].address(); }},
      {"data shard 0", [](const cast_handles& c) { return c.shards[0].address(); }},
      {"worker 2", [](const cast_handles& c) { return c.workers[2].address(); }},
      {"evaluator", [](const cast_handles& c) { return c.evaluator.address(); }},
      {"recorder", [](const cast_handles& c) { return c.recorder.address(); }},
  };
  for (const victim& v : victims) {
    BOOST_TEST_CONTEXT(v.name) {
      whole_run run(small_job({"training.epochs=100000"}), two_classes(1000));
      run.start();
      for (int i = 0; i < 500; ++i) run.where().scheduler.try_run_once();
      caf::anon_send_exit(v.of(run.cast()), caf::exit_reason::kill);
      const auto outcome = run.finish();
      BOOST_REQUIRE(outcome);
      BOOST_TEST(outcome->stopped_by == "failed");
      BOOST_TEST(outcome->failure.find(v.name) == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_recorder_that_fails_at_the_very_end_is_named) {
  whole_run run(small_job(), two_classes(100));
  run.on_event = [](const run_event& e) {
    if (e.name == "stopped") throw std::runtime_error("no paper");
  };
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "failed");
  BOOST_TEST(outcome->failure.find("recorder: no paper") == 0u, outcome->failure);
  BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() == 300u);
  BOOST_CHECK(outcome->model);
}

BOOST_AUTO_TEST_CASE(a_stop_before_the_start_is_an_early_end) {
  whole_run run(small_job(), two_classes(100));
  caf::anon_send(run.lead(), stop_atom::value, std::string("interrupted"));
  run.where().drain();
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "interrupted");
  BOOST_TEST(outcome->failure == "");
  BOOST_TEST(!outcome->model);
  BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() == 0u);
}

BOOST_AUTO_TEST_CASE(an_actor_that_dies_before_the_start_is_named) {
  whole_run run(small_job(), two_classes(100));
  caf::anon_send_exit(run.cast().shards[1], caf::exit_reason::kill);
  run.where().drain();
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->failure.find("data shard 1") == 0u);
}

BOOST_AUTO_TEST_CASE(an_exception_in_the_supervisor_is_an_outcome) {
  whole_run run(small_job(), two_classes(100),
                [](run_plan& plan) { plan.known.models.layers = {}; });
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "failed");
  BOOST_TEST(outcome->failure.find("supervisor: ") == 0u);
}

BOOST_AUTO_TEST_CASE(batch_statistics_are_those_of_training_alone_under_every_protocol) {
  std::vector<float> alone;
  for (const char* protocol : {"sequential", "downpour", "adag", "dynsgd"}) {
    whole_run run(
        small_job({"actors.workers=1", "optimizer.communication_window=1",
                   std::string("optimizer.protocol=") + protocol,
                   "model.layers=[batch_normalization, {dense: {units: 2}}]"}),
        two_classes(1000));
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    const std::vector<float>& statistics = outcome->model->statistics;
    BOOST_TEST(statistics.size() == 4u);
    if (alone.empty()) alone = statistics;
    for (std::size_t i = 0; i < statistics.size(); ++i) {
      BOOST_TEST_CONTEXT(protocol << ", statistic " << i)
      BOOST_TEST(std::abs(statistics[i] - alone[i]) < 1e-4);
    }
    // Features are uniform in -0.5 .. 0.5.
    BOOST_TEST(std::abs(statistics[0]) < 0.05);
    BOOST_TEST(std::abs(statistics[2] - 1.0 / 12) < 0.02);
  }
}

BOOST_AUTO_TEST_CASE(homes_spread_the_parameters_whatever_the_statistics) {
  run_plan plan;
  plan.slices.resize(4);
  plan.model.statistics = 8;
  std::vector<std::uint32_t> homes;
  for (std::size_t s = 0; s < plan.slice_count(); ++s) homes.push_back(plan.home_of(s, 2));
  BOOST_TEST((homes == std::vector<std::uint32_t>{0, 0, 1, 1, 1}));
}

BOOST_AUTO_TEST_SUITE_END()
