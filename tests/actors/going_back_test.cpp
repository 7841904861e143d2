// Parameter servers that end in the middle of a run: it goes back to its last checkpoint, or to the
// beginning, and every row is trained.

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/loss_choices.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::vector<run_event> events(const whole_run& run, const std::string& name) {
  std::vector<run_event> out;
  for (const run_event& e : run.heard.events) {
    if (e.name == name) out.push_back(e);
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(going_back)

BOOST_AUTO_TEST_CASE(every_row_is_trained_whichever_server_ends_when) {
  std::size_t from_checkpoints = 0, from_the_start = 0;
  for (const choice& c : choices) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        const random_stream draws(seed, random_purpose::test);
        whole_run run(job_of(c), two_classes(loss_rows), {}, true);
        run.shuffle(seed);
        if (seed % 3 > 0) run.keep_every(100);
        run.start();
        std::uint64_t at = 0;
        for (std::uint64_t kills = 0; kills < 3; ++kills) {
          run.where().run(60 + draws.below(at++, 900));
          const auto number = draws.below(at++, 3);
          if (kills != 1) {
            kill(run.cast().servers[number % 2]);
          } else if (number == 2) {
            kill(run.cast().shards[0]);
          } else {
            kill(run.cast().workers[number]);
          }
        }
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.7);
        for (const run_event& e : events(run, "went_back")) {
          ++(e.facts["checkpoint"].is_null() ? from_the_start : from_checkpoints);
        }
      }
    }
  }
  BOOST_TEST(from_checkpoints > 50u);
  BOOST_TEST(from_the_start > 50u);
}

BOOST_AUTO_TEST_CASE(rows_of_workers_that_do_not_come_back_are_for_the_others) {
  for (const choice& c : choices) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        whole_run run(job_of(c), two_classes(loss_rows), {}, true);
        run.shuffle(seed);
        run.start();
        run.where().run(200 + 200 * seed);
        run.gone = {0, 2};
        for (const std::uint32_t worker : run.gone) kill(run.cast().workers[worker]);
        run.where().run(10 * seed);
        kill(run.cast().servers[1]);
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_lost_is_told) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows), {}, true);
  run.start();
  run.where().run(500);
  kill(run.cast().servers[1]);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
  BOOST_TEST_REQUIRE(events(run, "parameter_server_lost").size() == 1u);
  BOOST_TEST(events(run, "parameter_server_lost")[0].facts["parameter_server"] == 1);
  BOOST_TEST(events(run, "parameter_server_replaced").size() == 1u);
  BOOST_TEST_REQUIRE(events(run, "went_back").size() == 1u);
  const auto facts = events(run, "went_back")[0].facts;
  BOOST_TEST(facts["checkpoint"].is_null());
  BOOST_TEST(facts["rows"] == 0);
  BOOST_TEST(facts["rows_lost"].get<std::uint64_t>() > 0u);
  BOOST_TEST(events(run, "started").size() == 1u);
}

BOOST_AUTO_TEST_CASE(synchronous_runs_give_the_same_bits_nevertheless) {
  std::vector<float> undisturbed;
  for (const std::uint64_t seed : {0, 1, 2, 3, 4, 5}) {
    whole_run run(job_of({"sync_sgd", "synchronous", "false"}), two_classes(loss_rows), {}, true);
    if (seed > 0) {
      run.keep_every(60);
      run.start();
      run.where().run(300 + 100 * seed);
      kill(run.cast().servers[seed % 2]);
    }
    const outcome_ptr outcome = run.finish();
    BOOST_TEST_REQUIRE(outcome);
    check_rows(*outcome);
    BOOST_TEST(events(run, "went_back").size() == (seed > 0 ? 1u : 0u));
    if (seed == 0) undisturbed = outcome->model->parameters;
    BOOST_TEST((outcome->model->parameters == undisturbed));
  }
}

BOOST_AUTO_TEST_CASE(a_server_may_end_when_all_is_trained) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows), {}, true);
  bool ended = false;
  run.on_event = [&](const run_event& e) {
    // The evaluation at the end is under way, or about to be.
    if (e.name == "stopped") ended = true;
  };
  run.start();
  while (!ended && run.lead()) {
    run.where().run(1);
    const auto& reports = run.heard.reports;
    if (!reports.empty() && reports.back().rows == loss_rows * loss_epochs) break;
  }
  BOOST_TEST_REQUIRE(!ended);
  kill(run.cast().servers[0]);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
}

BOOST_AUTO_TEST_CASE(a_server_may_be_given_up_that_lives) {
  for (const choice& c : choices) {
    BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency) {
      whole_run run(job_of(c), two_classes(loss_rows), {}, true);
      run.shuffle(7);
      run.keep_every(100);
      run.start();
      run.where().run(700);
      caf::anon_send(run.lead(), part_lost{part_lost::role::server, 0, 1, "it is silent"});
      const outcome_ptr outcome = run.finish();
      BOOST_TEST_REQUIRE(outcome);
      check_rows(*outcome);
      BOOST_TEST(events(run, "went_back").size() == 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_gets_nowhere_ends) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows), {}, true);
  run.on_event = [&](const run_event& e) {
    if (e.name == "parameter_server_replaced" || e.name == "started") kill(run.cast().servers[0]);
  };
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "failed");
  BOOST_TEST(outcome->failure.find("parameter server 0") == 0u, outcome->failure);
  BOOST_TEST(events(run, "went_back").size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_goes_back_with_a_smaller_rate) {
  const struct {
    const char* protocol;
    const char* consistency;
    const char* steep;
  } runs[] = {
      {"downpour", "asynchronous", "optimizer.gradient_rule.learning_rate=1e38"},
      {"downpour", "{name: bounded, staleness: 1}", "optimizer.gradient_rule.learning_rate=1e38"},
      {"sync_sgd", "synchronous", "optimizer.gradient_rule.learning_rate=1e38"},
      {"eamsgd", "asynchronous", "optimizer.learning_rate=1e38"}};
  for (const auto& r : runs) {
    BOOST_TEST_CONTEXT(r.protocol << " " << r.consistency) {
      std::vector<std::string> settings = {std::string("optimizer.protocol=") + r.protocol,
                                           std::string("optimizer.consistency=") + r.consistency,
                                           "supervisor.divergence={go_back: 40, rate: 1e-3}",
                                           "model.loss=mean_squared_error",
                                           "model.metrics=[]",
                                           "model.layers.1.dense.units=1"};
      if (r.protocol == std::string("eamsgd")) settings.push_back("optimizer.gradient_rule=null");
      settings.push_back(r.steep);
      whole_run run(small_job(settings), two_classes(loss_rows), {}, true);
      const outcome_ptr outcome = run.finish();
      BOOST_TEST_REQUIRE(outcome);
      check_rows(*outcome);
      const auto backs = events(run, "went_back");
      BOOST_TEST_REQUIRE(backs.size() >= 5u);
      BOOST_TEST(backs.size() == events(run, "diverged").size());
      BOOST_TEST(backs[1].facts["rate"].get<double>() == 1e-6, boost::test_tools::tolerance(1e-9));
      for (const float x : outcome->model->parameters) BOOST_TEST_REQUIRE(std::isfinite(x));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_once_too_often_ends) {
  whole_run run(
      small_job({"optimizer.gradient_rule.learning_rate=1e38", "model.loss=mean_squared_error",
                 "model.metrics=[]", "model.layers.1.dense.units=1",
                 "supervisor.divergence={go_back: 2, rate: 0.5}"}),
      two_classes(loss_rows), {}, true);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "diverged");
  BOOST_TEST(events(run, "went_back").size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_loss_that_explodes_is_a_divergence) {
  for (const bool goes_back : {false, true}) {
    std::vector<std::string> settings = {"optimizer.gradient_rule.learning_rate=300",
                                         "supervisor.divergence.loss_above=20"};
    if (goes_back)
      settings.push_back("supervisor.divergence={go_back: 9, rate: 0.1, loss_above: 20}");
    whole_run run(small_job(settings), two_classes(loss_rows), {}, true);
    run.keep_every(20);
    const outcome_ptr outcome = run.finish();
    BOOST_TEST_REQUIRE(outcome);
    BOOST_TEST_REQUIRE(!events(run, "diverged").empty());
    const auto reason = events(run, "diverged")[0].facts["reason"].get<std::string>();
    BOOST_TEST(reason.find("above 20") != std::string::npos, reason);
    BOOST_TEST(outcome->stopped_by == (goes_back ? "epochs" : "diverged"));
    if (!goes_back) continue;
    check_rows(*outcome);
    BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.8);
    BOOST_TEST(!run.kept.empty());
    BOOST_TEST(run.kept.back()->rate < 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
