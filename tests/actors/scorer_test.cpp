#include "troupe/actors/scorer.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// A small model of two classes, and rows for more than one mini-batch of the scorer.
struct scene {
  catalogue known = catalogue::builtin();
  job of = small_job({"model.metrics=[accuracy, confusion_matrix]"});
  prepared_data data = two_classes(600);
  network net{of.model, 256, known.models};
  std::vector<float> parameters, statistics;

  /// Adds a member as the seed initialises it.
  void add(std::uint64_t seed) {
    std::vector<float> fresh(net.summary().parameters);
    net.initialise(fresh, {}, seed);
    parameters.insert(parameters.end(), fresh.begin(), fresh.end());
  }
  committee_spec form(vote_rule vote) const {
    return {parameters.size() / net.summary().parameters, vote};
  }
  scorer make(vote_rule vote) const {
    return scorer(of.model, form(vote), known.models, data.transforms);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(scorers)

BOOST_AUTO_TEST_CASE(one_model_scores_as_its_network_does) {
  scene s;
  s.add(3);
  const dataset& rows = *s.data.train;
  const auto* features = reinterpret_cast<const float*>(rows.features.data());
  double loss = 0, right = 0;
  for (std::size_t first = 0; first < 600; first += 256) {
    const std::size_t count = std::min<std::size_t>(256, 600 - first);
    const auto [sum, outputs] =
        s.net.score(s.parameters, {}, {count, features + 2 * first, rows.labels.data() + first, 1});
    loss += sum;
    for (std::size_t i = 0; i < count; ++i) {
      const bool second = outputs.data()[2 * i + 1] > outputs.data()[2 * i];
      right += second == (rows.labels[first + i] == 1.0f) ? 1 : 0;
    }
  }
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    const score found = s.make(vote).run(s.parameters, {}, rows);
    BOOST_TEST(found.loss == loss / 600);
    BOOST_REQUIRE_EQUAL(found.metrics.size(), 1u);
    BOOST_TEST(found.metrics[0].second == right / 600);
  }
}

BOOST_AUTO_TEST_CASE(equal_models_score_as_one) {
  scene one;
  one.add(3);
  scene three;
  for (int i = 0; i < 3; ++i) three.add(3);
  const dataset& rows = *one.data.train;
  const score alone = one.make(vote_rule::mean).run(one.parameters, {}, rows);
  const score together = three.make(vote_rule::mean).run(three.parameters, {}, rows);
  BOOST_TEST(std::abs(together.loss - alone.loss) < 1e-6);
  BOOST_TEST((together.metrics == alone.metrics));
  BOOST_TEST((together.tables == alone.tables));
  BOOST_TEST((three.make(vote_rule::mean).predict(three.parameters, {}, rows) ==
              one.make(vote_rule::mean).predict(one.parameters, {}, rows)));
  // Voices lose what the probabilities said, but not who was right.
  const score voted = three.make(vote_rule::hard).run(three.parameters, {}, rows);
  BOOST_TEST((voted.metrics == alone.metrics));
  BOOST_TEST((voted.tables == alone.tables));
  BOOST_TEST(voted.loss > alone.loss);
}

BOOST_AUTO_TEST_CASE(different_models_are_asked_together) {
  scene all;
  std::vector<std::vector<float>> answers;
  const dataset& rows = *all.data.test;
  for (const std::uint64_t seed : {3u, 4u, 5u}) {
    scene one;
    one.add(seed);
    answers.push_back(one.make(vote_rule::mean).predict(one.parameters, {}, rows));
    all.add(seed);
  }
  const auto mean = all.make(vote_rule::mean).predict(all.parameters, {}, rows);
  const auto hard = all.make(vote_rule::hard).predict(all.parameters, {}, rows);
  BOOST_REQUIRE_EQUAL(mean.size(), 400u);
  BOOST_REQUIRE_EQUAL(hard.size(), 400u);
  std::size_t split = 0;
  for (std::size_t row = 0; row < 200; ++row) {
    double sum = 0;
    int voices = 0;
    for (const auto& a : answers) {
      sum += static_cast<double>(a[2 * row + 1]);
      voices += a[2 * row + 1] > a[2 * row] ? 1 : 0;
    }
    BOOST_TEST(std::abs(static_cast<double>(mean[2 * row + 1]) - sum / 3) < 1e-6);
    BOOST_TEST(std::abs(static_cast<double>(hard[2 * row + 1]) - voices / 3.0) < 1e-6);
    split += voices == 1 || voices == 2 ? 1 : 0;
  }
  BOOST_TEST(split > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
