#include "troupe/actors/run_totals.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/plan_fixture.hpp"
#include "troupe/actors/messages/wire.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const double nan_value = std::numeric_limits<double>::quiet_NaN();

std::shared_ptr<run_plan> plan_for(const std::string& actors = "{workers: 2}",
                                   const std::string& training = "{epochs: 2, batch_size: 10}") {
  return plan_over(job_around("{input: [2], layers: [{dense: {units: 3, activation: softmax}}], "
                              "metrics: [accuracy]}",
                              "{protocol: adag, communication_window: 2}", training, actors),
                   numbered_rows(100, {2}, element_type::f32));
}

struct window {
  std::uint32_t worker = 0, epoch = 0;
  std::uint64_t rows = 20;
  double loss_sum = 40;
  double seconds = 2;
  double staleness = 1;
  bool committed = true;
};

void add(run_totals& totals, const window& w) {
  wire_builder<schema::Progress> out;
  out->setWorker(w.worker);
  out->setEpoch(w.epoch);
  out->setRows(w.rows);
  out->setMiniBatches(2);
  out->setCommitted(w.committed);
  out->setLossSum(w.loss_sum);
  out->setCorrect(w.rows / 2);
  out->setSeconds(w.seconds);
  out->setStaleness(w.staleness);
  out->setRepeats(1);
  out->setBytesSent(100);
  out->setBytesReceived(200);
  totals.add(*std::move(out).finish());
}

score tested() {
  score s;
  s.has_data = true;
  s.loss = 0.5;
  s.metrics = {{"accuracy", 0.75}, {"auc", nan_value}};
  s.tables = {{"confusion_matrix", {1, 2, 3, 4}}};
  return s;
}

run_totals::ending ending_of(const std::string& stopped_by) {
  run_totals::ending end;
  end.seconds = 4;
  end.stopped_by = stopped_by;
  end.test = tested();
  return end;
}

std::string why_not(const std::string& training, const std::string& actors = "{workers: 1}") {
  const auto plan = plan_for(actors, training);
  return why_not_reproducible(plan->of, plan->protocol);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(totals)

BOOST_AUTO_TEST_CASE(the_summary_has_all_its_keys) {
  run_totals totals(plan_for());
  add(totals, {});
  const nlohmann::ordered_json out = totals.summary(ending_of("epochs"));
  for (const char* key : {"name",
                          "protocol",
                          "consistency",
                          "compression",
                          "workers",
                          "parameter_servers",
                          "nodes",
                          "parameters",
                          "epochs",
                          "rows_trained",
                          "rows_repeated",
                          "rows_per_epoch",
                          "commits",
                          "bytes_sent",
                          "bytes_received",
                          "mean_staleness",
                          "rebalances",
                          "seconds",
                          "samples_per_second",
                          "train_loss",
                          "test_loss",
                          "test_accuracy",
                          "stopped_by",
                          "seed",
                          "version",
                          "per_worker",
                          "reproducible"}) {
    BOOST_TEST_CONTEXT(key) {
      BOOST_TEST(out.contains(key));
    }
  }
  BOOST_TEST(out["name"] == "fixture");
  BOOST_TEST(out["protocol"] == "adag");
  BOOST_TEST(out["consistency"] == "asynchronous");
  BOOST_TEST(out["compression"] == "none");
  BOOST_TEST(out["workers"] == 2);
  BOOST_TEST(out["parameter_servers"] == 1);
  BOOST_TEST(out["parameters"] == 9);
  BOOST_TEST(out["epochs"] == 2);
  BOOST_TEST(out["rows_per_epoch"] == 100);
  BOOST_TEST(out["seed"] == 7);
  BOOST_TEST(out["stopped_by"] == "epochs");
  BOOST_TEST(!out["version"].get<std::string>().empty());
}

BOOST_AUTO_TEST_CASE(windows_add_up) {
  run_totals totals(plan_for());
  add(totals, {0, 0, 20, 40, 2, 0});
  add(totals, {1, 0, 30, 60, 2, 3});
  add(totals, {1, 0, 10, 10, 2, 9, false});  // published, not committed
  BOOST_TEST(totals.rows() == 60u);
  const nlohmann::ordered_json out = totals.summary(ending_of("epochs"));
  BOOST_TEST(out["rows_trained"] == 60);
  BOOST_TEST(out["commits"] == 2);
  BOOST_TEST(out["mean_staleness"] == 1.5);
  BOOST_TEST(out["bytes_sent"] == 300);
  BOOST_TEST(out["bytes_received"] == 600);
  BOOST_TEST(out["commits_repeated"] == 3);
  BOOST_TEST(out["samples_per_second"] == 15.0);
  const auto& workers = out["per_worker"];
  BOOST_TEST_REQUIRE(workers.size() == 2u);
  BOOST_TEST(workers[0]["rows"] == 20);
  BOOST_TEST(workers[0]["commits"] == 1);
  BOOST_TEST(workers[1]["worker"] == 1);
  BOOST_TEST(workers[1]["rows"] == 40);
  BOOST_TEST(workers[1]["mini_batches"] == 4);
  BOOST_TEST(workers[1]["commits"] == 1);
  BOOST_TEST(workers[1]["seconds"] == 4.0);
  BOOST_TEST(workers[1]["bytes_sent"] == 200);
  BOOST_TEST(workers[1]["bytes_received"] == 400);
  BOOST_TEST(workers[1]["mean_staleness"] == 3.0);  // of its one commit
}

BOOST_AUTO_TEST_CASE(train_loss_is_the_last_epochs_by_rows) {
  run_totals totals(plan_for());
  add(totals, {0, 0, 20, 4000});
  BOOST_TEST(totals.summary(ending_of("max_seconds"))["train_loss"] == 200.0);
  add(totals, {0, 1, 30, 30});
  add(totals, {1, 1, 10, 50});
  // A late window of the epoch before changes nothing.
  add(totals, {1, 0, 10, 1000});
  BOOST_TEST(totals.summary(ending_of("epochs"))["train_loss"] == 2.0);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_number_is_null) {
  run_totals::ending end = ending_of("failed");
  end.failure = "worker 1: why";
  end.seconds = 0;
  end.test = {};
  const run_totals nothing(plan_for());
  nlohmann::ordered_json out = nothing.summary(end);
  for (const char* key : {"train_loss", "samples_per_second", "test_loss"}) {
    BOOST_TEST_CONTEXT(key) {
      BOOST_TEST(out[key].is_null());
    }
  }
  BOOST_TEST(out["mean_staleness"] == 0.0);
  BOOST_TEST(out["rows_trained"] == 0);
  BOOST_TEST(out["failure"] == "worker 1: why");

  run_totals totals(plan_for());
  add(totals, {0, 0, 20, nan_value});
  end = ending_of("diverged");
  end.test.loss = std::numeric_limits<double>::infinity();
  out = totals.summary(end);
  BOOST_TEST(out["train_loss"].is_null());
  BOOST_TEST(out["test_loss"].is_null());
  BOOST_TEST(out["test_auc"].is_null());
  BOOST_TEST(out["test_accuracy"] == 0.75);
  BOOST_TEST(!out.contains("failure"));
}

BOOST_AUTO_TEST_CASE(scores_are_written_with_their_tables) {
  nlohmann::ordered_json out;
  add_score(out, "test", tested());
  BOOST_TEST(out["test_loss"] == 0.5);
  BOOST_TEST(out["test_confusion_matrix"] == nlohmann::ordered_json::parse("[[1,2],[3,4]]"));
}

BOOST_AUTO_TEST_CASE(a_report_tells_what_a_worker_did_since_its_last) {
  run_totals totals(plan_for());
  BOOST_TEST(!totals.take_report(0, 10, 0).has_value());  // nothing yet
  add(totals, {0, 0, 20, 40, 2, 1});
  add(totals, {0, 0, 20, 20, 2, 4});
  add(totals, {1, 0, 10, 90});
  BOOST_TEST(!totals.take_report(0, 4, 5).has_value());  // too early
  const auto first = totals.take_report(0, 5, 5);
  BOOST_TEST_REQUIRE(first.has_value());
  BOOST_TEST(first->time == 5.0);
  BOOST_TEST(first->worker == 0u);
  BOOST_TEST(first->epoch == 1u);
  BOOST_TEST(first->rows == 50u);
  BOOST_TEST(first->total_rows == 200u);
  BOOST_TEST(first->loss == 1.5);
  BOOST_TEST(first->accuracy == 0.5);
  BOOST_TEST(first->staleness == 2.5);
  BOOST_TEST(first->samples_per_second == 8.0);
  BOOST_TEST(first->bytes_sent == 200u);
  BOOST_TEST(first->bytes_received == 400u);
  BOOST_TEST(!first->evaluation);
  BOOST_TEST(!totals.take_report(0, 20, 5).has_value());  // said already
  add(totals, {0, 1, 10, 5});
  const auto second = totals.take_report(0, 10, 5);
  BOOST_TEST_REQUIRE(second.has_value());
  BOOST_TEST(second->epoch == 2u);
  BOOST_TEST(second->loss == 0.5);
  BOOST_TEST(second->samples_per_second == 2.0);
  BOOST_TEST(second->bytes_sent == 100u);
}

BOOST_AUTO_TEST_CASE(speed_is_smoothed) {
  run_totals totals(plan_for());
  BOOST_TEST(totals.speed(0) == 0.0);
  add(totals, {0, 0, 20, 1, 2});
  BOOST_TEST(totals.speed(0) == 10.0);
  add(totals, {0, 0, 20, 1, 1});
  BOOST_TEST(totals.speed(0) > 10.0);
  BOOST_TEST(totals.speed(0) < 20.0);
  add(totals, {0, 0, 20, 1, 0});  // no time: no speed can be told from it
  BOOST_TEST(std::isfinite(totals.speed(0)));
  for (int i = 0; i < 50; ++i) add(totals, {0, 0, 20, 1, 1});
  BOOST_TEST(std::abs(totals.speed(0) - 20) < 1e-3);
  BOOST_TEST(totals.speed(1) == 0.0);
}

BOOST_AUTO_TEST_CASE(an_evaluation_is_a_line_of_history) {
  run_totals totals(plan_for());
  add(totals, {0, 0, 60});
  add(totals, {1, 1, 60});
  const report line = totals.evaluation_report(tested(), totals.rows(), 3);
  BOOST_TEST(line.evaluation);
  BOOST_TEST(line.time == 3.0);
  BOOST_TEST(line.rows == 120u);
  BOOST_TEST(line.epoch == 2u);
  BOOST_TEST(line.loss == 0.5);
  BOOST_TEST(line.accuracy == 0.75);
  BOOST_TEST(line.metrics.size() == 2u);
  add(totals, {1, 1, 80});  // all 200 rows: the last epoch, not one more
  BOOST_TEST(totals.evaluation_report(tested(), 200, 3).epoch == 2u);
}

BOOST_AUTO_TEST_CASE(a_validation_part_is_told_apart_from_the_test_part) {
  const auto plan = plan_for();
  BOOST_TEST(run_totals(plan).evaluation_report(tested(), 0, 1).part == "test");
  BOOST_TEST(!run_totals(plan).summary(ending_of("epochs")).contains("validation_loss"));
  plan->has_validation = true;
  BOOST_TEST(run_totals(plan).evaluation_report(tested(), 0, 1).part == "validation");
  run_totals::ending end = ending_of("epochs");
  end.validation = tested();
  end.validation.loss = 0.25;
  const nlohmann::ordered_json out = run_totals(plan).summary(end);
  BOOST_TEST(out["validation_loss"] == 0.25);
  BOOST_TEST(out["validation_accuracy"] == 0.75);
  BOOST_TEST(out["test_loss"] == 0.5);
}

BOOST_AUTO_TEST_CASE(runs_that_cannot_be_reproduced_say_why) {
  BOOST_TEST(why_not("{epochs: 1}") == "");
  BOOST_TEST(why_not("{epochs: 1}", "{workers: 2}") != "");
  for (const char* stop :
       {"max_seconds: 5", "target_accuracy: 0.9", "target_loss: 0.1", "patience: 3"}) {
    BOOST_TEST(why_not("{epochs: 1, stop: {" + std::string(stop) + "}}") != "");
  }
  BOOST_TEST(why_not("{epochs: 1, keep: best}") != "");
  BOOST_TEST(why_not("{epochs: 1, keep: best, evaluate_every: 0}") == "");
  const nlohmann::ordered_json two = run_totals(plan_for()).summary(ending_of("epochs"));
  BOOST_TEST(two["reproducible"] == false);
  BOOST_TEST(two.contains("reproducible_because"));
  const auto one = run_totals(plan_for("{workers: 1}")).summary(ending_of("epochs"));
  BOOST_TEST(one["reproducible"] == true);
}

BOOST_AUTO_TEST_SUITE_END()
