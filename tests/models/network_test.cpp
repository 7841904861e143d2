#include "troupe/models/network.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "models/network_fixture.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr double step = 5e-3;       // of the differences
constexpr double tolerance = 4e-3;  // of a derivative, relative to 1 + its size

model_spec small_convnet() {
  return model({6, 6, 2}, {{"conv2d",
                            {{"filters", whole(4)},
                             {"kernel", whole(3)},
                             {"padding", word("same")},
                             {"activation", word("tanh")}}},
                           bare("batch_normalization"),
                           bare("average_pool2d"),
                           bare("flatten"),
                           {"dropout", {{"rate", 0.3}}},
                           dense(6, "gelu"),
                           bare("layer_normalization"),
                           dense(3, "softmax")});
}

void check_gradient(const model_spec& spec, std::size_t largest, std::size_t rows,
                    std::size_t label_width) {
  BOOST_TEST_CONTEXT(spec.loss << ", " << rows << " of " << largest << " rows") {
    workplace w(spec, largest, label_width);
    const draw at{3, 1, 8};
    w.gradient.assign(w.gradient.size(), NAN);  // each number must be written
    w.step(rows, at);
    const std::vector<float> gradient = w.gradient;
    for (std::size_t i = 0; i < w.parameters.size(); ++i) {
      const float before = w.parameters[i];
      w.parameters[i] = before + static_cast<float>(step);
      const double high = w.step(rows, at).loss_sum;
      w.parameters[i] = before - static_cast<float>(step);
      const double low = w.step(rows, at).loss_sum;
      w.parameters[i] = before;
      const double numeric = (high - low) / (2 * step * static_cast<double>(rows));
      BOOST_TEST(std::abs(numeric - gradient[i]) < tolerance * (1 + std::abs(numeric)),
                 "parameter " << i << ": " << gradient[i] << " but differences give " << numeric);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_at_work)

BOOST_AUTO_TEST_CASE(whole_networks_agree_with_finite_differences) {
  check_gradient(small_convnet(), 5, 5, 1);
  check_gradient(small_convnet(), 5, 3, 1);
  check_gradient(model({5}, {dense(4, "tanh"), dense(3)}), 4, 3, 1);  // logits
  check_gradient(model({5}, {dense(4, "tanh"), dense(1, "sigmoid")}, "binary_crossentropy"), 4, 4,
                 1);
  check_gradient(model({5}, {dense(3, "elu"), dense(2, "softmax")}, "mean_squared_error"), 4, 4, 2);
}

BOOST_AUTO_TEST_CASE(the_sample_models_have_the_known_numbers_of_parameters) {
  const model_summary convnet = describe(mnist_convnet(), model_catalogue::builtin());
  BOOST_TEST(convnet.parameters == 1048853u);
  BOOST_TEST(convnet.statistics == 0u);
  BOOST_TEST((convnet.output == shape{10}));
  BOOST_TEST(convnet.layers.size() == 7u);
  BOOST_TEST((convnet.layers[1].output == shape{24, 24, 32}));
  BOOST_TEST(convnet.layers[1].parameters == 9248u);
  BOOST_TEST(describe(higgs_mlp(), model_catalogue::builtin()).parameters == 267002u);
}

BOOST_AUTO_TEST_CASE(logits_and_probabilities_mean_the_same) {
  workplace with(model({4}, {dense(5, "relu"), dense(3, "softmax")}), 6);
  workplace without(model({4}, {dense(5, "relu"), dense(3)}), 6);
  workplace separate(model({4}, {dense(5, "relu"),
                                 dense(3),
                                 bare("flatten"),
                                 {"activation", {{"function", word("softmax")}}}}),
                     6);
  const step_result a = with.step(6), b = without.step(6), c = separate.step(6);
  BOOST_TEST(a.loss_sum == b.loss_sum);
  BOOST_TEST(a.loss_sum == c.loss_sum);
  BOOST_TEST(with.gradient == without.gradient, boost::test_tools::per_element());
  BOOST_TEST(with.gradient == separate.gradient, boost::test_tools::per_element());
  for (workplace* w : {&with, &without, &separate}) {
    const auto outputs = w->net.predict(w->parameters, w->statistics, w->features.data(), 2);
    BOOST_TEST(outputs.size() == 6u);
    for (std::size_t r = 0; r < 2; ++r) {
      const float sum = outputs[3 * r] + outputs[3 * r + 1] + outputs[3 * r + 2];
      BOOST_TEST(sum == 1.0f, boost::test_tools::tolerance(1e-5f));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_score_is_the_loss_of_the_predictions) {
  workplace w(model({4}, {dense(5, "tanh"), dense(3, "softmax")}), 6);
  const auto [loss, outputs] = w.net.score(w.parameters, w.statistics, w.rows(5));
  double wanted = 0;
  for (std::size_t r = 0; r < 5; ++r) {
    wanted -= std::log(double{outputs[3 * r + static_cast<std::size_t>(w.labels[r])]});
  }
  BOOST_TEST(loss == wanted, boost::test_tools::tolerance(1e-5));
  BOOST_TEST(w.step(5).loss_sum == loss, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(rows_that_are_right_are_counted) {
  workplace w(model({4}, {dense(3)}), 8);
  const auto outputs = w.net.predict(w.parameters, w.statistics, w.features.data(), 8);
  for (std::size_t r = 0; r < 8; ++r) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < 3; ++c)
      best = outputs[3 * r + c] > outputs[3 * r + best] ? c : best;
    w.labels[r] = static_cast<float>(r < 5 ? best : (best + 1) % 3);
  }
  BOOST_TEST(w.step(8).correct == 5u);

  workplace two(model({4}, {dense(1, "sigmoid")}, "binary_crossentropy"), 8);
  const auto chances = two.net.predict(two.parameters, two.statistics, two.features.data(), 8);
  for (std::size_t r = 0; r < 8; ++r) two.labels[r] = (chances[r] > 0.5f) == (r < 6) ? 1 : 0;
  BOOST_TEST(two.step(8).correct == 6u);

  workplace values(model({4}, {dense(1)}, "mean_squared_error"), 8);
  BOOST_TEST(values.step(8).correct == 0u);
}

BOOST_AUTO_TEST_CASE(class_labels_may_be_indices_or_one_hot) {
  const model_spec spec = model({4}, {dense(3, "softmax")});
  workplace indices(spec, 5), one_hot(spec, 5, 3);
  for (std::size_t i = 0; i < 15; ++i) {
    one_hot.labels[i] = indices.labels[i / 3] == static_cast<float>(i % 3) ? 1 : 0;
  }
  const step_result a = indices.step(5), b = one_hot.step(5);
  BOOST_TEST(a.loss_sum == b.loss_sum, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(a.correct == b.correct);
}

BOOST_AUTO_TEST_CASE(labels_must_be_as_wide_as_the_outputs) {
  const auto is_about_loss = [](const error& e) { return e.place() == "model.loss"; };
  workplace w(model({4}, {dense(3)}, "mean_squared_error"), 5);
  BOOST_CHECK_EXCEPTION(w.step(5), error, is_about_loss);
  workplace classes(model({4}, {dense(3)}), 5, 2);
  BOOST_CHECK_EXCEPTION(classes.step(5), error, is_about_loss);
  BOOST_CHECK_EXCEPTION(classes.net.score(classes.parameters, classes.statistics, classes.rows(2)),
                        error, is_about_loss);
}

BOOST_AUTO_TEST_CASE(training_lowers_the_loss) {
  workplace w(model({8, 8, 1}, {conv2d(6, 3, "relu"), bare("max_pool2d"), bare("flatten"),
                                dense(4, "softmax")}),
              16);
  const double first = w.step(16).loss_sum;
  for (int i = 0; i < 200; ++i) {
    w.step(16);
    for (std::size_t k = 0; k < w.parameters.size(); ++k) w.parameters[k] -= 0.2f * w.gradient[k];
  }
  BOOST_TEST(w.step(16).loss_sum < 0.1 * first);
}

BOOST_AUTO_TEST_CASE(the_same_bits_on_another_thread_and_after_a_move) {
  workplace here(mnist_convnet(), 4), there(mnist_convnet(), 4);
  here.step(3, {9, 1, 5});
  std::thread([&] {
    network moved = std::move(there.net);
    moved.gradient(there.parameters, there.statistics, there.rows(3), {9, 1, 5}, there.gradient);
  }).join();
  BOOST_TEST((here.gradient == there.gradient));
}

BOOST_AUTO_TEST_CASE(no_rows_make_no_gradient) {
  workplace w(higgs_mlp(), 4);
  w.gradient.assign(w.gradient.size(), 1.0f);
  BOOST_TEST(w.step(0).loss_sum == 0.0);
  for (float g : w.gradient) BOOST_REQUIRE(g == 0.0f);
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_the_callers_mistake) {
  workplace w(higgs_mlp(), 4);
  std::vector<float> few(10);
  BOOST_CHECK_THROW(w.net.initialise(few, w.statistics, 1), std::logic_error);
  BOOST_CHECK_THROW(w.net.predict(few, w.statistics, w.features.data(), 1), std::logic_error);
  BOOST_CHECK_THROW(w.step(5), std::logic_error);
  BOOST_CHECK_THROW(network(higgs_mlp(), 0, model_catalogue::builtin()), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
