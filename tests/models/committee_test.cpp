// Several models that answer together, by numbers worked by hand. A model of one dense layer
// without bias answers the row {1} with its parameters: they are its logits.

#include "troupe/models/committee.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "models/network_fixture.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const model_catalogue& known() {
  static const model_catalogue catalogue = model_catalogue::builtin();
  return catalogue;
}

model_spec bare_dense(std::int64_t units, const std::string& loss) {
  return model({1}, {{"dense", {{"units", units}, {"use_bias", false}}}}, loss);
}

struct answer {
  std::vector<float> outputs;
  double loss = 0;
};

/// What members with these parameters answer the row {1}, and the loss for this label.
answer ask(const model_spec& spec, vote_rule vote, std::size_t members,
           const std::vector<float>& parameters, const std::vector<float>& label) {
  committee together(spec, {members, vote}, 4, known());
  const float one = 1;
  const auto [loss, outputs] =
      together.score(parameters, {}, {1, &one, label.data(), label.size()});
  answer out{{outputs.begin(), outputs.end()}, loss};
  const auto again = together.predict(parameters, {}, &one, 1);
  BOOST_REQUIRE_EQUAL(again.size(), out.outputs.size());
  // By bytes: a not-a-number equals nothing.
  BOOST_TEST(std::memcmp(again.data(), out.outputs.data(), again.size_bytes()) == 0);
  return out;
}

void check_near(const std::vector<float>& found, const std::vector<double>& expected) {
  BOOST_REQUIRE_EQUAL(found.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(std::abs(static_cast<double>(found[i]) - expected[i]) < 1e-6, i);
  }
}

std::vector<float> logs(std::vector<float> p) {
  for (float& x : p) x = std::log(x);
  return p;
}

std::vector<float> logits(std::vector<float> p) {
  for (float& x : p) x = std::log(x / (1 - x));
  return p;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(committees)

BOOST_AUTO_TEST_CASE(the_mean_of_probabilities_and_the_majority_may_differ) {
  const model_spec spec = bare_dense(3, "categorical_crossentropy");
  // Two lean to class 1, the third is sure of class 0.
  const std::vector<float> three = logs({0.1f, 0.5f, 0.4f, 0.2f, 0.5f, 0.3f, 0.9f, 0.05f, 0.05f});
  const answer mean = ask(spec, vote_rule::mean, 3, three, {1});
  check_near(mean.outputs, {0.4, 0.35, 0.25});
  BOOST_TEST(std::abs(mean.loss + std::log(0.35)) < 1e-5);
  const answer hard = ask(spec, vote_rule::hard, 3, three, {1});
  check_near(hard.outputs, {1.0 / 3, 2.0 / 3, 0});
  BOOST_TEST(std::abs(hard.loss + std::log(2.0 / 3)) < 1e-5);
  // A class without a voice has a large loss, not an infinite one; as a share of a label, too.
  BOOST_TEST(std::abs(ask(spec, vote_rule::hard, 3, three, {2}).loss + std::log(1e-7)) < 1e-4);
  BOOST_TEST(std::abs(ask(spec, vote_rule::hard, 3, three, {0, 1, 0}).loss + std::log(2.0 / 3)) <
             1e-5);
  // Equals: the first.
  check_near(ask(spec, vote_rule::hard, 2, {1, 2, 2, 3, 3, 0}, {0}).outputs, {0.5, 0.5, 0});
}

BOOST_AUTO_TEST_CASE(a_yes_or_no_is_voted_on_at_one_half) {
  const model_spec spec = bare_dense(1, "binary_crossentropy");
  const std::vector<float> three = logits({0.9f, 0.4f, 0.4f});
  const answer mean = ask(spec, vote_rule::mean, 3, three, {1});
  check_near(mean.outputs, {1.7 / 3});
  BOOST_TEST(std::abs(mean.loss + std::log(1.7 / 3)) < 1e-5);
  const answer hard = ask(spec, vote_rule::hard, 3, three, {0});
  check_near(hard.outputs, {1.0 / 3});
  BOOST_TEST(std::abs(hard.loss + std::log(2.0 / 3)) < 1e-5);
  // All of one mind, and wrong.
  const answer wrong = ask(spec, vote_rule::hard, 2, {5, 6}, {0});
  check_near(wrong.outputs, {1});
  BOOST_TEST(std::abs(wrong.loss + std::log(1e-7)) < 0.2);
  // Several questions: each has its own vote. The loss is their mean.
  const answer two = ask(bare_dense(2, "binary_crossentropy"), vote_rule::hard, 2,
                         logits({0.9f, 0.2f, 0.8f, 0.7f}), {1, 1});
  check_near(two.outputs, {1, 0.5});
  BOOST_TEST(std::abs(two.loss - std::log(2.0) / 2) < 1e-5);
}

BOOST_AUTO_TEST_CASE(signs_are_voted_on_between_minus_one_and_one) {
  const model_spec spec = bare_dense(1, "hinge");
  const answer mean = ask(spec, vote_rule::mean, 3, {2, -1, -1}, {1});
  check_near(mean.outputs, {0});
  BOOST_TEST(std::abs(mean.loss - 1) < 1e-6);
  const answer hard = ask(spec, vote_rule::hard, 3, {2, -1, -1}, {1});
  check_near(hard.outputs, {-1.0 / 3});
  BOOST_TEST(std::abs(hard.loss - 4.0 / 3) < 1e-6);
}

BOOST_AUTO_TEST_CASE(plain_values_have_a_mean_whatever_the_vote) {
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    const answer values = ask(bare_dense(1, "mean_squared_error"), vote, 3, {1, 2, 6}, {1});
    check_near(values.outputs, {3});
    BOOST_TEST(std::abs(values.loss - 4) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(one_member_answers_as_it_is) {
  const model_spec spec = bare_dense(3, "categorical_crossentropy");
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    check_near(ask(spec, vote, 1, logs({0.2f, 0.7f, 0.1f}), {0}).outputs, {0.2, 0.7, 0.1});
    // Where several would lose 16.1, the least probability's.
    BOOST_TEST(std::abs(ask(spec, vote, 1, {0, 50, 0}, {0}).loss - 50) < 1e-4);
  }
}

BOOST_AUTO_TEST_CASE(equal_members_answer_as_one_to_the_bit) {
  const model_spec spec = model({8, 8, 1}, {conv2d(3, 3, "relu"), bare("batch_normalization"),
                                            bare("flatten"), dense(5, "softmax")});
  workplace one(spec, 16);
  const auto [loss, outputs] = one.net.score(one.parameters, one.statistics, one.rows(16));
  for (const std::size_t members : {2u, 3u, 7u}) {
    std::vector<float> parameters, statistics;
    for (std::size_t m = 0; m < members; ++m) {
      parameters.insert(parameters.end(), one.parameters.begin(), one.parameters.end());
      statistics.insert(statistics.end(), one.statistics.begin(), one.statistics.end());
    }
    committee together(spec, {members, vote_rule::mean}, 16, known());
    const auto [sum, answers] = together.score(parameters, statistics, one.rows(16));
    BOOST_TEST((std::vector<float>(answers.begin(), answers.end()) ==
                std::vector<float>(outputs.begin(), outputs.end())));
    BOOST_TEST(std::abs(sum - loss) < 1e-5 * loss);
  }
}

BOOST_AUTO_TEST_CASE(each_member_has_its_own_batch_statistics) {
  const model_spec spec = model({1},
                                {{"batch_normalization", {{"epsilon", 0.25}}},
                                 {"dense", {{"units", whole(1)}, {"use_bias", false}}}},
                                "mean_squared_error");
  // gamma 1, beta 0, weight 1; means 0 and 2, deviations 1 and 2: 5 becomes 5 and 1.5.
  committee together(spec, {2, vote_rule::mean}, 1, known());
  const float five = 5;
  const std::vector<float> parameters = {1, 0, 1, 1, 0, 1}, statistics = {0, 0.75f, 2, 3.75f};
  const auto answers = together.predict(parameters, statistics, &five, 1);
  check_near({answers.begin(), answers.end()}, {3.25});
}

BOOST_AUTO_TEST_CASE(a_member_without_an_answer_leaves_none) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    const answer none = ask(bare_dense(1, "binary_crossentropy"), vote, 2, {nan, 1}, {1});
    BOOST_TEST(std::isnan(none.outputs[0]));
    BOOST_TEST(std::isnan(none.loss));
    for (const float p :
         ask(bare_dense(2, "categorical_crossentropy"), vote, 2, {0, 1, nan, 1}, {1}).outputs) {
      BOOST_TEST(std::isnan(p));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  const model_spec spec = bare_dense(2, "mean_squared_error");
  BOOST_CHECK_THROW(committee(spec, {0, vote_rule::mean}, 1, known()), std::logic_error);
  committee together(spec, {2, vote_rule::mean}, 1, known());
  const std::vector<float> row = {1, 1}, fitting(4), shorter(2), odd(5), something(1);
  BOOST_CHECK_THROW(together.predict(shorter, {}, row.data(), 1), std::logic_error);
  BOOST_CHECK_THROW(together.predict(odd, {}, row.data(), 1), std::logic_error);
  BOOST_CHECK_THROW(together.predict(fitting, something, row.data(), 1), std::logic_error);
  BOOST_CHECK_THROW(together.predict(fitting, {}, row.data(), 2), std::logic_error);
  BOOST_CHECK_THROW(together.score(fitting, {}, {2, row.data(), row.data(), 2}), std::logic_error);
  // One number a label, two outputs.
  BOOST_CHECK_EXCEPTION(together.score(fitting, {}, {1, row.data(), row.data(), 1}), error,
                        [](const error& e) { return e.place() == "model.loss"; });
}

BOOST_AUTO_TEST_CASE(a_loss_that_fuses_another_activation_cannot_judge_several) {
  struct fused_tanh : loss {
    std::string fused_activation() const override { return "tanh"; }
    double evaluate(const float*, std::size_t, std::size_t, const float*, std::size_t,
                    float*) const override {
      return 1;
    }
  };
  model_catalogue more = known();
  more.losses.add({"odd", "", label_use::values, [] { return std::make_unique<fused_tanh>(); }});
  committee together(bare_dense(1, "odd"), {2, vote_rule::mean}, 1, more);
  const std::vector<float> parameters = {0, 0};
  const float one = 1;
  BOOST_TEST(together.predict(parameters, {}, &one, 1)[0] == 0.0f);
  BOOST_CHECK_EXCEPTION(
      together.score(parameters, {}, {1, &one, &one, 1}), error, [](const error& e) {
        return e.place() == "model.loss" && e.message().find("'odd' computes tanh itself") == 0;
      });
}

BOOST_AUTO_TEST_CASE(votes_have_names) {
  for (const vote_rule vote : {vote_rule::mean, vote_rule::hard}) {
    BOOST_TEST((vote_from(to_text(vote)) == vote));
  }
  BOOST_TEST(!vote_from("loud"));
  BOOST_TEST(!vote_from(""));
}

BOOST_AUTO_TEST_SUITE_END()
