#include "troupe/models/loss.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/models/losses/builtin.hpp"

using namespace troupe;

namespace {

struct sample {
  std::size_t rows, width, label_width;
  std::vector<float> outputs, labels;
};

/// Random outputs with labels of the kind a loss wants.
sample draw_sample(label_use use, std::size_t rows, std::size_t width, bool one_hot) {
  const random_stream stream(11, random_purpose::test, rows, width);
  sample s{rows, width, use == label_use::classes && !one_hot ? 1 : width, {}, {}};
  for (std::size_t i = 0; i < rows * width; ++i) {
    s.outputs.push_back(4 * stream.uniform(i) - 2);
  }
  s.labels.assign(rows * s.label_width, 0.0f);
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    const std::uint32_t bits = stream.word(100000 + i);
    switch (use) {
      case label_use::classes:
        if (s.label_width == 1) s.labels[i] = static_cast<float>(bits % width);
        break;
      case label_use::binary:
        s.labels[i] = static_cast<float>(bits % 2);
        break;
      case label_use::signs:
        s.labels[i] = bits % 2 ? 1.0f : -1.0f;
        break;
      case label_use::values:
        s.labels[i] = 4 * stream.uniform(200000 + i) - 2;
        break;
    }
  }
  if (use == label_use::classes && one_hot) {
    for (std::size_t r = 0; r < rows; ++r)
      s.labels[r * width + stream.word(300000 + r) % width] = 1;
  }
  return s;
}

double evaluate(const loss& l, const sample& s, float* gradient = nullptr) {
  return l.evaluate(s.outputs.data(), s.rows, s.width, s.labels.data(), s.label_width, gradient);
}

void check_gradient(const loss_entry& entry, sample s) {
  const auto l = entry.make();
  std::vector<float> gradient(s.outputs.size(), 99.0f);
  const double value = evaluate(*l, s, gradient.data());
  BOOST_TEST(value == evaluate(*l, s), boost::test_tools::tolerance(1e-6));
  // Central differences in float: an error of the loss's rounding over the step.
  const float step = 1.0f / 256;
  const double allowed = 2e-3 / static_cast<double>(s.width);
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    const float kept = s.outputs[i];
    // One row alone, so that the differences are not lost in a large sum.
    const std::size_t row = i / s.width;
    auto alone = [&](float value_there) {
      s.outputs[i] = value_there;
      return l->evaluate(s.outputs.data() + row * s.width, 1, s.width,
                         s.labels.data() + row * s.label_width, s.label_width, nullptr);
    };
    const double slope = (alone(kept + step) - alone(kept - step)) / (2.0 * step);
    s.outputs[i] = kept;
    const double wanted = slope / static_cast<double>(s.rows);
    // A kink within the step (hinge, absolute value) leaves no slope to compare with.
    const double curvature = std::fabs(alone(kept + step) + alone(kept - step) - 2 * alone(kept));
    s.outputs[i] = kept;
    if (curvature > 1e-3 / static_cast<double>(s.width)) continue;
    BOOST_TEST(std::fabs(static_cast<double>(gradient[i]) - wanted) < allowed,
               entry.name << ", output " << i << ": " << gradient[i] << " against " << wanted);
  }
}

double of(const char* name, std::vector<float> outputs, std::vector<float> labels,
          std::size_t rows = 1) {
  const auto known = builtin_losses();
  return known.at(name, "", "loss")
      .make()
      ->evaluate(outputs.data(), rows, outputs.size() / rows, labels.data(), labels.size() / rows,
                 nullptr);
}

const auto tightly = boost::test_tools::tolerance(1e-6);

}  // namespace

BOOST_AUTO_TEST_SUITE(loss_suite)

BOOST_AUTO_TEST_CASE(every_gradient_is_the_slope_of_the_mean_loss) {
  const auto known = builtin_losses();
  for (const loss_entry& entry : known.entries()) {
    for (const std::size_t width : {2u, 3u, 10u, 17u}) {
      check_gradient(entry, draw_sample(entry.labels, 5, width, false));
      check_gradient(entry, draw_sample(entry.labels, 5, width, true));
    }
    if (entry.labels != label_use::classes) {
      check_gradient(entry, draw_sample(entry.labels, 9, 1, false));
    }
    // More than one piece of an element-wise loss.
    if (entry.labels != label_use::classes) {
      check_gradient(entry, draw_sample(entry.labels, 300, 7, false));
    }
  }
}

BOOST_AUTO_TEST_CASE(values_are_those_worked_by_hand) {
  // Softmax of (0, log 3) is (1/4, 3/4).
  const float log3 = std::log(3.0f);
  BOOST_TEST(of("categorical_crossentropy", {0, log3}, {1}) == std::log(4.0 / 3), tightly);
  BOOST_TEST(of("categorical_crossentropy", {0, log3}, {1, 0}) == std::log(4.0), tightly);
  BOOST_TEST(of("categorical_crossentropy", {0, log3}, {0.5f, 0.5f}) ==
                 0.5 * std::log(4.0) + 0.5 * std::log(4.0 / 3),
             tightly);
  BOOST_TEST(of("categorical_crossentropy", {0, log3, 0, log3}, {0, 1}, 2) ==
                 std::log(4.0) + std::log(4.0 / 3),
             tightly);
  // The sigmoid of log 3 is 3/4; the mean over two outputs.
  BOOST_TEST(of("binary_crossentropy", {log3}, {1}) == std::log(4.0 / 3), tightly);
  BOOST_TEST(
      of("binary_crossentropy", {log3, -log3}, {0, 0}) == (std::log(4.0) + std::log(4.0 / 3)) / 2,
      tightly);
  BOOST_TEST(of("mean_squared_error", {1, 5}, {3, 4}) == 2.5, tightly);
  BOOST_TEST(of("mean_squared_error", {1, 5}, {3, 4}, 2) == 5.0, tightly);
  BOOST_TEST(of("mean_absolute_error", {1, 5}, {3, 4}) == 1.5, tightly);
  BOOST_TEST(of("huber", {0.5f, 3}, {0, 0}) == (0.125 + 2.5) / 2, tightly);
  BOOST_TEST(of("hinge", {0.5f, 2, -1}, {1, 1, 1}) == 2.5 / 3, tightly);
  BOOST_TEST(of("squared_hinge", {0.5f, 2, -1}, {1, -1, 1}) == (0.25 + 9 + 4) / 3, tightly);
}

BOOST_AUTO_TEST_CASE(extreme_logits_do_not_overflow) {
  BOOST_TEST(of("categorical_crossentropy", {1000, -1000}, {0}) == 0.0, tightly);
  BOOST_TEST(of("categorical_crossentropy", {1000, -1000}, {1}) == 2000.0, tightly);
  BOOST_TEST(of("binary_crossentropy", {1000}, {1}) == 0.0, tightly);
  BOOST_TEST(of("binary_crossentropy", {-1000}, {1}) == 1000.0, tightly);
  const auto known = builtin_losses();
  const float outputs[] = {-100, 100}, labels[] = {1, 0};
  float gradient[2];
  known.at("binary_crossentropy", "", "loss").make()->evaluate(outputs, 2, 1, labels, 1, gradient);
  BOOST_TEST(gradient[0] == -0.5f, tightly);
  BOOST_TEST(gradient[1] == 0.5f, tightly);
}

BOOST_AUTO_TEST_CASE(an_output_that_is_no_number_shows_in_every_loss) {
  const auto known = builtin_losses();
  for (const loss_entry& entry : known.entries()) {
    for (std::size_t i = 0; i < 11; ++i) {
      sample s = draw_sample(entry.labels, 1, 11, true);
      s.outputs[i] = std::numeric_limits<float>::quiet_NaN();
      std::vector<float> gradient(11);
      BOOST_TEST(std::isnan(evaluate(*entry.make(), s)), entry.name << ", output " << i);
      BOOST_TEST(std::isnan(evaluate(*entry.make(), s, gradient.data())), entry.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(no_rows_are_no_loss) {
  const auto known = builtin_losses();
  for (const loss_entry& entry : known.entries()) {
    BOOST_TEST(entry.make()->evaluate(nullptr, 0, 3, nullptr, 1, nullptr) == 0.0);
  }
}

BOOST_AUTO_TEST_CASE(a_label_that_is_no_class_is_an_error_of_the_data) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float label : {2.0f, -1.0f, 0.5f, nan, 1e30f}) {
    BOOST_CHECK_EXCEPTION(of("categorical_crossentropy", {0, 1}, {label}), error,
                          [](const error& e) { return e.kind() == error_kind::data; });
  }
}

BOOST_AUTO_TEST_CASE(activations_are_fused_where_they_belong) {
  const auto known = builtin_losses();
  BOOST_TEST(known.at("categorical_crossentropy", "", "").make()->fused_activation() == "softmax");
  BOOST_TEST(known.at("binary_crossentropy", "", "").make()->fused_activation() == "sigmoid");
  BOOST_TEST(known.at("hinge", "", "").make()->fused_activation().empty());
}

BOOST_AUTO_TEST_SUITE_END()
