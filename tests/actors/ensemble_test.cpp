// Whole runs of an ensemble on the deterministic scheduler, held against sequential ones.

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <set>

#include "actors/whole_run.hpp"
#include "troupe/actors/scorer.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::uint64_t rows = 203;
constexpr std::uint32_t epochs = 3, members = 3;

/// With batch statistics and dropout, so that all that is random or remembered takes part.
job ensemble_job(const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all = {
      "seed=11", "optimizer={protocol: ensemble, gradient_rule: {name: adam}}",
      "model.layers=[batch_normalization, {dense: {units: 8, activation: tanh}}, "
      "{dropout: {rate: 0.2}}, {dense: {units: 2}}]",
      "actors.workers=" + std::to_string(members)};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return small_job(all);
}

outcome_ptr run_of(const job& of, const prepared_data& data) {
  whole_run run(of, data);
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->failure == "");
  BOOST_REQUIRE(outcome->model);
  return outcome;
}

/// The same model and rule, trained by one worker from this seed.
outcome_ptr sequential_run(const job& ensemble, std::uint64_t seed, const prepared_data& data) {
  job of = ensemble_job(
      {"optimizer={protocol: sequential, gradient_rule: {name: adam}}", "actors.workers=1"});
  of.data.shuffle = ensemble.data.shuffle;
  of.seed = seed;
  return run_of(of, data);
}

std::vector<float> part(const std::vector<float>& all, std::size_t member) {
  const auto length = static_cast<std::ptrdiff_t>(all.size() / members);
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(member) * length;
  return {first, first + length};
}

/// The rows of a group as a data set of their own, in the order they were dealt.
prepared_data dealt_to(const job& of, const prepared_data& data, std::uint32_t group) {
  job unshuffled = of;
  unshuffled.data.shuffle = false;
  const auto plan = plan_of(unshuffled, data);
  const epoch_order order = plan->order_of(0, group);
  const std::size_t count = plan->group_rows(group);
  auto own = std::make_shared<dataset>(*data.train);
  own->labels.clear();
  own->features.resize(count * 2 * sizeof(float));
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::size_t>(order.row(i));
    std::memcpy(own->features.data() + i * 2 * sizeof(float), data.train->row(row),
                2 * sizeof(float));
    own->labels.push_back(data.train->labels[row]);
  }
  own->set_rows(count);
  prepared_data out = data;
  out.train = own;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ensembles)

BOOST_AUTO_TEST_CASE(each_member_is_a_sequential_run_of_its_seed) {
  for (const char* rebalance : {"true", "false"}) {
    const job of = ensemble_job({std::string("supervisor.rebalance.enabled=") + rebalance});
    const prepared_data data = two_classes(rows);
    const auto outcome = run_of(of, data);
    BOOST_TEST(outcome->stopped_by == "epochs");
    const auto& summary = outcome->summary;
    BOOST_TEST(summary["rows_trained"].get<std::uint64_t>() == members * rows * epochs);
    BOOST_TEST(summary["members"].get<std::uint32_t>() == members);
    BOOST_TEST(summary["reproducible"].get<bool>());
    for (const auto& worker : summary["per_worker"]) {
      BOOST_TEST(worker["rows"].get<std::uint64_t>() == rows * epochs);
    }
    const auto plan = plan_of(of, data);
    BOOST_TEST(plan->seed_of(0) == 11u);
    std::set<std::vector<float>> distinct;
    for (std::uint32_t m = 0; m < members; ++m) {
      BOOST_TEST_CONTEXT("member " << m) {
        const auto alone = sequential_run(of, plan->seed_of(m), data);
        BOOST_TEST((part(outcome->model->parameters, m) == alone->model->parameters));
        BOOST_TEST((part(outcome->model->statistics, m) == alone->model->statistics));
        distinct.insert(alone->model->parameters);
      }
    }
    BOOST_TEST(distinct.size() == members);
  }
}

BOOST_AUTO_TEST_CASE(the_order_of_messages_changes_no_member) {
  const job of = ensemble_job();
  const prepared_data data = two_classes(rows);
  const auto expected = run_of(of, data);
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    whole_run run(of, data);
    run.shuffle(seed);
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    BOOST_TEST((outcome->model->parameters == expected->model->parameters));
    BOOST_TEST((outcome->model->statistics == expected->model->statistics));
    BOOST_TEST(outcome->summary["test_loss"] == expected->summary["test_loss"]);
  }
}

BOOST_AUTO_TEST_CASE(disjoint_parts_are_every_row_once) {
  const job of = ensemble_job({"optimizer.data=disjoint"});
  const auto plan = plan_of(of, two_classes(rows));
  std::vector<std::set<std::uint64_t>> first_epoch;
  for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
    std::set<std::uint64_t> seen;
    for (std::uint32_t m = 0; m < members; ++m) {
      const std::uint64_t count = plan->group_rows(m);
      BOOST_TEST((count == rows / members || count == rows / members + 1));
      std::set<std::uint64_t> own;
      const epoch_order order = plan->order_of(epoch, m);
      for (std::uint64_t i = 0; i < count; ++i) own.insert(order.row(i));
      BOOST_TEST(own.size() == count);
      seen.insert(own.begin(), own.end());
      if (epoch == 0) {
        first_epoch.push_back(own);
      } else {
        BOOST_TEST((own == first_epoch[m]));
      }
    }
    BOOST_TEST(seen.size() == rows);
    BOOST_TEST(*seen.rbegin() == rows - 1);
  }
  // Dealt, not cut: a part is no stretch of the file.
  BOOST_TEST(*first_epoch[0].rbegin() > rows / members);
}

BOOST_AUTO_TEST_CASE(each_member_of_disjoint_parts_is_a_sequential_run_on_its_part) {
  const job of = ensemble_job({"optimizer.data=disjoint"});
  const prepared_data data = two_classes(rows);
  const auto outcome = run_of(of, data);
  const auto& summary = outcome->summary;
  BOOST_TEST(summary["rows_trained"].get<std::uint64_t>() == rows * epochs);
  BOOST_TEST(summary["members"].get<std::uint32_t>() == members);
  const auto plan = plan_of(of, data);
  for (std::uint32_t m = 0; m < members; ++m) {
    BOOST_TEST_CONTEXT("member " << m) {
      BOOST_TEST(summary["per_worker"][m]["rows"].get<std::uint64_t>() ==
                 plan->group_rows(m) * epochs);
      const auto alone = sequential_run(of, plan->seed_of(m), dealt_to(of, data, m));
      BOOST_TEST((part(outcome->model->parameters, m) == alone->model->parameters));
      BOOST_TEST((part(outcome->model->statistics, m) == alone->model->statistics));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_evaluator_asks_all_members_together) {
  const prepared_data data = two_classes(rows);
  std::vector<double> losses;
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    const job of = ensemble_job({std::string("optimizer.vote=") + to_text(vote)});
    const auto plan = plan_of(of, data);
    BOOST_TEST(committee_of(*plan).members == members);
    BOOST_TEST((committee_of(*plan).vote == vote));
    const auto outcome = run_of(of, data);
    scorer scoring(of.model, {members, vote}, plan->known.models, data.transforms);
    const score expected =
        scoring.run(outcome->model->parameters, outcome->model->statistics, *data.test);
    losses.push_back(outcome->summary["test_loss"].get<double>());
    BOOST_TEST(losses.back() == expected.loss);
    BOOST_TEST(outcome->summary["test_accuracy"].get<double>() == expected.metrics[0].second);
  }
  BOOST_TEST(losses[0] != losses[1]);
}

BOOST_AUTO_TEST_CASE(the_best_ensemble_is_kept_whole) {
  const job of = ensemble_job({"training.keep=best", "training.evaluate_every=1"});
  const auto outcome = run_of(of, two_classes(rows));
  const auto plan = plan_of(of, two_classes(rows));
  BOOST_TEST(outcome->model->parameters.size() == members * plan->model.parameters);
  BOOST_TEST(outcome->model->statistics.size() == members * plan->model.statistics);
}

BOOST_AUTO_TEST_CASE(other_protocols_train_one_model) {
  const job of = small_job();
  const auto plan = plan_of(of, two_classes(rows));
  BOOST_TEST(committee_of(*plan).members == 1u);
  BOOST_TEST(!run_of(of, two_classes(rows))->summary.contains("members"));
}

BOOST_AUTO_TEST_CASE(an_ensemble_of_one_is_the_sequential_run) {
  const job of = ensemble_job({"actors.workers=1"});
  const prepared_data data = two_classes(rows);
  const auto outcome = run_of(of, data);
  const auto alone = sequential_run(of, 11, data);
  BOOST_TEST((outcome->model->parameters == alone->model->parameters));
  BOOST_TEST(outcome->summary["test_loss"] == alone->summary["test_loss"]);
  BOOST_TEST(outcome->summary["members"].get<int>() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
