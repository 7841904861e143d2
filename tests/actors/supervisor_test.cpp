// Whole runs on the deterministic scheduler: every actor is real, time is virtual.

#include <boost/test/unit_test.hpp>
#include <set>

#include "actors/stage.hpp"
#include "troupe/config/check.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(supervisor_runs)

namespace {

/// A classification small enough to train in virtual time: two features, the label is whether
/// their sum is positive.
prepared_data two_classes(std::size_t rows) {
  auto part = [](std::size_t count, std::uint64_t seed) {
    auto data = std::make_shared<dataset>();
    const random_stream draws(seed, random_purpose::test);
    data->shape = {2};
    data->type = element_type::f32;
    data->features.resize(count * 2 * sizeof(float));
    auto* values = reinterpret_cast<float*>(data->features.data());
    for (std::size_t i = 0; i < 2 * count; ++i) values[i] = draws.uniform(i) - 0.5f;
    for (std::size_t i = 0; i < count; ++i) {
      data->labels.push_back(values[2 * i] + values[2 * i + 1] > 0 ? 1.0f : 0.0f);
    }
    data->set_rows(count);
    return data;
  };
  prepared_data data;
  data.train = part(rows, 1);
  data.test = part(200, 2);
  data.transforms = pipeline({}, {2}, catalogue::builtin().data.transforms);
  return data;
}

job small_job(const std::vector<std::string>& overrides = {}) {
  return parse_job(
      "name: small\n"
      "data: {train: {format: synthetic, rows: 100}, split: {test: 0.5}}\n"
      "model:\n"
      "  input: [2]\n"
      "  layers: [{dense: {units: 8, activation: tanh}}, {dense: {units: 2}}]\n"
      "  loss: categorical_crossentropy\n"
      "  metrics: [accuracy]\n"
      "optimizer: {protocol: downpour, communication_window: 3,\n"
      "            gradient_rule: {name: sgd, learning_rate: 0.2}}\n"
      "training: {epochs: 3, batch_size: 8}\n"
      "actors: {workers: 3, parameter_servers: 2, data_shards: 2, slice: 16}\n",
      "small.yaml", overrides, catalogue::builtin());
}

struct heard_lines {
  std::vector<report> reports;
  std::vector<run_event> events;
  bool has_event(const std::string& name) const {
    return std::any_of(events.begin(), events.end(),
                       [&](const run_event& e) { return e.name == name; });
  }
};

class whole_run {
 public:
  whole_run(const job& of, prepared_data data,
            const std::function<void(run_plan&)>& spoil = {})
      : data_(std::move(data)) {
    plan_ = plan_of(of, data_);
    if (spoil) spoil(*plan_);
    cast_.recorder = stage_.keep(stage_.system.spawn(
        recorder, std::string(),
        run_observer{[this](const report& r) { heard.reports.push_back(r); },
                     [this](const run_event& e) { heard.events.push_back(e); }}));
    for (std::uint32_t i = 0; i < of.actors.parameter_servers; ++i) {
      cast_.servers.push_back(stage_.keep(stage_.system.spawn(parameter_server, plan_, i)));
    }
    const auto first = cut_shards(plan_->rows_per_epoch, of.actors.data_shards);
    for (std::uint32_t i = 0; i < of.actors.data_shards; ++i) {
      const std::uint64_t last =
          i + 1 < of.actors.data_shards ? first[i + 1] : plan_->rows_per_epoch;
      cast_.shards.push_back(stage_.keep(
          stage_.system.spawn(data_shard, plan_, data_.train, position_range{first[i], last})));
    }
    for (std::uint32_t i = 0; i < of.actors.workers; ++i) {
      cast_.workers.push_back(stage_.keep(stage_.system.spawn(worker, plan_, i)));
    }
    cast_.evaluator = stage_.keep(stage_.system.spawn(
        evaluator, plan_, data_.validation ? data_.validation : data_.test, data_.test));
    supervisor_ = stage_.keep(stage_.system.spawn(supervisor, plan_, cast_));
  }

  /// Asks the supervisor to run, once.
  void start() {
    if (!started_) self_->send(caf::actor_cast<caf::actor>(supervisor_), run_atom::value);
    started_ = true;
  }
  /// Runs until nothing more happens by itself.
  outcome_ptr finish() {
    start();
    stage_.drain();
    outcome_ptr outcome;
    self_->receive([&](const outcome_ptr& done) { outcome = done; },
                   caf::after(std::chrono::seconds(0)) >> [] {});
    return outcome;
  }

  heard_lines heard;
  stage& where() { return stage_; }
  const cast_handles& cast() const { return cast_; }
  const supervisor_actor& lead() const { return supervisor_; }

 private:
  stage stage_;
  prepared_data data_;
  std::shared_ptr<run_plan> plan_;
  cast_handles cast_;
  supervisor_actor supervisor_;
  bool started_ = false;
  caf::scoped_actor self_{stage_.system};
};

}  // namespace

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
