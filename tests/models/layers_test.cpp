#include <boost/test/unit_test.hpp>
#include <cmath>

#include "models/layer_fixture.hpp"
#include "troupe/models/layers/activation_function.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::vector<float> forward(layer_pass& pass, const std::vector<float>& parameters,
                           std::vector<float>& statistics, const std::vector<float>& x,
                           std::size_t rows, std::size_t out_volume, bool training,
                           const draw& at = {}) {
  std::vector<float> y(rows * out_volume, NAN);
  pass.forward(parameters.data(), statistics.data(), x.data(), y.data(), rows, training, at);
  return y;
}

std::vector<float> drop(std::size_t volume, std::size_t rows, const draw& at,
                        std::size_t index = 3) {
  const auto l = make_layer("dropout", {{"rate", 0.4}}, {volume});
  const auto pass = l->prepare(rows, index);
  std::vector<float> none, ones(rows * volume, 1.0f);
  return forward(*pass, none, none, ones, rows, volume, true, at);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers)

BOOST_AUTO_TEST_CASE(dropout_depends_on_a_rows_position_alone) {
  for (const std::size_t volume : {1, 7, 225, 500}) {
    const auto whole = drop(volume, 9, {5, 2, 100});
    for (std::size_t first = 0; first < 9; first += 2) {
      const std::size_t rows = std::min<std::size_t>(2, 9 - first);
      const auto part = drop(volume, rows, {5, 2, 100 + first});
      for (std::size_t i = 0; i < part.size(); ++i) {
        BOOST_REQUIRE(part[i] == whole[first * volume + i]);
      }
    }
  }
  const auto masks = drop(500, 1, {5, 2, 100});
  BOOST_TEST((masks != drop(500, 1, {6, 2, 100})));     // another seed
  BOOST_TEST((masks != drop(500, 1, {5, 3, 100})));     // epoch
  BOOST_TEST((masks != drop(500, 1, {5, 2, 101})));     // position
  BOOST_TEST((masks != drop(500, 1, {5, 2, 100}, 4)));  // layer
}

BOOST_AUTO_TEST_CASE(dropout_drops_its_share_and_keeps_the_mean) {
  const auto y = drop(400, 500, {1, 0, 0});
  double sum = 0, zeros = 0;
  for (float v : y) {
    BOOST_REQUIRE((v == 0 || std::abs(v - 1 / 0.6f) < 1e-4f));
    sum += v;
    zeros += v == 0;
  }
  const auto n = static_cast<double>(y.size());
  BOOST_TEST(std::abs(zeros / n - 0.4) < 0.005);  // 4.5 standard deviations
  BOOST_TEST(std::abs(sum / n - 1.0) < 0.01);
}

BOOST_AUTO_TEST_CASE(dropout_is_nothing_when_predicting) {
  const auto l = make_layer("dropout", {{"rate", 0.9}}, {10});
  std::vector<float> none;
  const auto x = random_floats(20, 1);
  BOOST_TEST(forward(*l->prepare(2, 0), none, none, x, 2, 10, false) == x,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(batch_normalization_trains_on_the_batch_and_predicts_by_running_statistics) {
  const auto l = make_layer("batch_normalization", {{"momentum", 0.75}}, {2});
  const auto pass = l->prepare(4, 0);
  const std::vector<float> parameters = {2, 1, 0.5f, -1};  // gamma, beta
  std::vector<float> statistics = {0, 0, 1, 1};
  const std::vector<float> x = {1, 10, 2, 10, 3, 10, 6, 10};  // means 3, 10; variances 3.5, 0
  const auto y = forward(*pass, parameters, statistics, x, 4, 2, true);
  for (std::size_t r = 0; r < 4; ++r) {
    BOOST_TEST(y[2 * r] == 2 * (x[2 * r] - 3) / std::sqrt(3.501f) + 0.5f,
               boost::test_tools::tolerance(1e-5f));
    BOOST_TEST(y[2 * r + 1] == -1.0f, boost::test_tools::tolerance(1e-4f));
  }
  const std::vector<float> wanted = {0.75f, 2.5f, 1.625f, 0.75f};
  BOOST_TEST(statistics == wanted, boost::test_tools::per_element());
  const auto p = forward(*pass, parameters, statistics, x, 1, 2, false);
  BOOST_TEST(statistics == wanted, boost::test_tools::per_element());
  BOOST_TEST(p[0] == 2 * (1 - 0.75f) / std::sqrt(1.626f) + 0.5f,
             boost::test_tools::tolerance(1e-5f));
}

BOOST_AUTO_TEST_CASE(layer_normalization_levels_each_row) {
  const auto l = make_layer("layer_normalization", {{"epsilon", 1e-6}}, {3, 8});
  std::vector<float> none, parameters(16, 0.0f), x = random_floats(2 * 24, 4, 5);
  std::fill_n(parameters.begin(), 8, 1.0f);
  const auto y = forward(*l->prepare(2, 0), parameters, none, x, 2, 24, true);
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = 0, squares = 0;
    for (std::size_t c = 0; c < 8; ++c) {
      sum += y[8 * i + c];
      squares += double{y[8 * i + c]} * y[8 * i + c];
    }
    BOOST_TEST(std::abs(sum) < 1e-5);
    BOOST_TEST(squares / 8 == 1.0, boost::test_tools::tolerance(1e-4));
  }
}

BOOST_AUTO_TEST_CASE(pooling_keeps_the_largest_or_the_mean) {
  std::vector<float> none;
  const std::vector<float> x = {1, 5, 2, 4, 3, 9, 7, 8, 6};  // 3 x 3 x 1
  const settings same = {{"pool", whole(2)}, {"padding", word("same")}};
  const auto run = [&](const char* kind, const settings& options, std::size_t out) {
    return forward(*make_layer(kind, options, {3, 3, 1})->prepare(1, 0), none, none, x, 1, out,
                   true);
  };
  BOOST_TEST((run("max_pool2d", {}, 1) == std::vector<float>{5}));
  BOOST_TEST((run("max_pool2d", same, 4) == std::vector<float>{5, 9, 8, 6}));
  BOOST_TEST((run("average_pool2d", {}, 1) == std::vector<float>{3.25f}));
  BOOST_TEST((run("average_pool2d", same, 4) == std::vector<float>{3.25f, 5.5f, 7.5f, 6}));
}

BOOST_AUTO_TEST_CASE(the_first_of_equal_largest_gets_the_gradient) {
  const auto pass = make_layer("max_pool2d", {}, {2, 2, 1})->prepare(1, 0);
  const std::vector<float> x(4, 1.0f), y(1, 1.0f);
  std::vector<float> dy = {3}, dx(4, NAN);
  pass->backward(nullptr, x.data(), y.data(), dy.data(), nullptr, dx.data(), 1, {});
  BOOST_TEST((dx == std::vector<float>{3, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(activations_have_the_known_values) {
  const auto at = [](const char* name, float x) {
    float y = NAN;
    activation_function(name).forward(&x, &y, 1, 1);
    return y;
  };
  const auto near = boost::test_tools::tolerance(2e-6f);
  BOOST_TEST(at("relu", -2) == 0.0f);
  BOOST_TEST(at("leaky_relu", -2) == -0.6f, near);
  BOOST_TEST(at("elu", -1) == -0.63212056f, near);
  BOOST_TEST(at("sigmoid", 2) == 0.88079708f, near);
  BOOST_TEST(at("tanh", 0.5f) == 0.46211716f, near);
  BOOST_TEST(at("softplus", 1) == 1.31326169f, near);
  BOOST_TEST(at("gelu", 1) == 0.84134475f, near);
  BOOST_TEST(at("swish", 1) == 0.73105858f, near);
}

BOOST_AUTO_TEST_CASE(extreme_numbers_stay_finite_and_not_a_number_is_not_hidden) {
  for (const std::string& name : activation_function::names()) {
    const activation_function f(name);
    const std::vector<float> x = {-3e4f, 3e4f, 0, -100, 100, 88, -88, 1};
    std::vector<float> y(8), dy(8, 1.0f), dx(8);
    f.forward(x.data(), y.data(), 1, 8);
    f.backward(x.data(), y.data(), dy.data(), dx.data(), 1, 8);
    for (std::size_t i = 0; i < 8; ++i) {
      BOOST_TEST(std::isfinite(y[i]), name << " of " << x[i] << " is " << y[i]);
      BOOST_TEST(std::isfinite(dx[i]), name << " at " << x[i] << " slopes " << dx[i]);
    }
    const std::vector<float> bad(8, NAN);
    f.forward(bad.data(), y.data(), 1, 8);
    for (float v : y) BOOST_TEST(std::isnan(v), name << " hides not-a-number");
  }
}

BOOST_AUTO_TEST_SUITE_END()
