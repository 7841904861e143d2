#include "troupe/actors/stop_rules.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace troupe;

namespace {

const double nan_value = std::numeric_limits<double>::quiet_NaN();

score score_of(double loss, double accuracy = nan_value) {
  score s;
  s.has_data = true;
  s.loss = loss;
  if (!std::isnan(accuracy)) s.metrics = {{"f1", 0.99}, {"accuracy", accuracy}};
  s.snapshot = std::make_shared<center_snapshot>();
  return s;
}

/// Why a run stops after these evaluations; "" where it goes on.
std::string reason(const stop_spec& spec, const std::vector<score>& scores) {
  stop_rules rules(spec);
  for (const score& s : scores) rules.add(s);
  return rules.after_evaluation().value_or("");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stopping)

BOOST_AUTO_TEST_CASE(without_rules_a_run_goes_on) {
  const stop_rules rules{stop_spec()};
  BOOST_TEST(!rules.after_evaluation());
  BOOST_TEST(!rules.after_seconds(1e9));
  BOOST_TEST(reason({}, {score_of(0, 1)}) == "");
}

BOOST_AUTO_TEST_CASE(target_accuracy_is_reached_from_below) {
  stop_spec spec;
  spec.target_accuracy = 0.9;
  BOOST_TEST(reason(spec, {}) == "");
  BOOST_TEST(reason(spec, {score_of(1, 0.8999)}) == "");
  BOOST_TEST(reason(spec, {score_of(1, 0.9)}) == "target_accuracy");
  BOOST_TEST(reason(spec, {score_of(1, 0.95), score_of(1, 0.5)}) == "");  // the latest counts
  BOOST_TEST(reason(spec, {score_of(1)}) == "");                          // no such metric
}

BOOST_AUTO_TEST_CASE(target_loss_is_reached_from_above) {
  stop_spec spec;
  spec.target_loss = 0.1;
  BOOST_TEST(reason(spec, {score_of(0.11)}) == "");
  BOOST_TEST(reason(spec, {score_of(0.1)}) == "target_loss");
  BOOST_TEST(reason(spec, {score_of(nan_value)}) == "");
  BOOST_TEST(reason(spec, {score_of(-std::numeric_limits<double>::infinity())}) == "target_loss");
}

BOOST_AUTO_TEST_CASE(patience_counts_evaluations_without_a_better_loss) {
  stop_spec spec;
  spec.patience = 2;
  BOOST_TEST(reason(spec, {score_of(1), score_of(1)}) == "");
  BOOST_TEST(reason(spec, {score_of(1), score_of(1), score_of(2)}) == "patience");
  BOOST_TEST(reason(spec, {score_of(1), score_of(2), score_of(0.9), score_of(1)}) == "");
  BOOST_TEST(reason(spec, {score_of(1), score_of(nan_value), score_of(nan_value)}) == "patience");
}

BOOST_AUTO_TEST_CASE(a_score_without_data_says_nothing) {
  stop_spec spec;
  spec.target_loss = 1;
  spec.target_accuracy = 0.1;
  score none = score_of(0, 1);
  none.has_data = false;
  BOOST_TEST(reason(spec, {none}) == "");
}

BOOST_AUTO_TEST_CASE(time_runs_out) {
  stop_spec spec;
  spec.max_seconds = 10;
  const stop_rules rules(spec);
  BOOST_TEST(!rules.after_seconds(9.999));
  BOOST_TEST(rules.after_seconds(10).value_or("") == "max_seconds");
  BOOST_TEST(!rules.after_evaluation());
}

BOOST_AUTO_TEST_CASE(the_best_model_is_that_of_the_lowest_loss) {
  stop_rules rules{stop_spec()};
  BOOST_TEST(rules.best() == nullptr);
  const score first = score_of(2), better = score_of(1), equal = score_of(1), worse = score_of(3);
  BOOST_TEST(!rules.add(score_of(nan_value)));
  BOOST_TEST(rules.best() == nullptr);
  BOOST_TEST(rules.add(first));
  BOOST_TEST(rules.best() == first.snapshot);
  BOOST_TEST(rules.add(better));
  BOOST_TEST(!rules.add(equal));
  BOOST_TEST(!rules.add(worse));
  BOOST_TEST(rules.best() == better.snapshot);
  // Only the best one is held on to.
  BOOST_TEST(worse.snapshot.use_count() == 1);
  BOOST_TEST(first.snapshot.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(metrics_are_found_by_name) {
  const score s = score_of(1, 0.75);
  BOOST_TEST(metric_of(s, "accuracy") == 0.75);
  BOOST_TEST(metric_of(s, "f1") == 0.99);
  BOOST_TEST(std::isnan(metric_of(s, "auc")));
}

BOOST_AUTO_TEST_SUITE_END()
