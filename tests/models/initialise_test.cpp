#include "troupe/models/initialise.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "models/network_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;
using start = parameter_block::start;

namespace {

struct spread {
  double mean = 0, variance = 0, largest = 0;
};

spread measure(start how, std::size_t fan_in, std::size_t fan_out) {
  const parameter_block block{"kernel", 200000, how, fan_in, fan_out};
  std::vector<float> values(block.count);
  initialise(block, {11, random_purpose::initialise}, values.data());
  spread s;
  for (float v : values) {
    s.mean += v;
    s.variance += double{v} * v;
    s.largest = std::max(s.largest, std::abs(double{v}));
  }
  s.mean /= static_cast<double>(block.count);
  s.variance /= static_cast<double>(block.count);
  return s;
}

void expect_spread(start how, double variance, double largest) {
  const spread s = measure(how, 50, 30);
  BOOST_TEST(std::abs(s.mean) < 5 * std::sqrt(variance / 200000));
  BOOST_TEST(s.variance == variance, boost::test_tools::tolerance(0.02));
  BOOST_TEST(s.largest <= largest * 1.000001);
  BOOST_TEST(s.largest > largest * 0.98);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(initialising)

BOOST_AUTO_TEST_CASE(values_spread_as_the_papers_say) {
  expect_spread(start::glorot_uniform, 2.0 / 80, std::sqrt(6.0 / 80));
  expect_spread(start::he_uniform, 2.0 / 50, std::sqrt(6.0 / 50));
  // Two standard deviations of the uncut normal distribution.
  expect_spread(start::glorot_normal, 2.0 / 80, 2 * std::sqrt(2.0 / 80) / 0.8796256610342398);
  expect_spread(start::he_normal, 2.0 / 50, 2 * std::sqrt(2.0 / 50) / 0.8796256610342398);
  BOOST_TEST(measure(start::zeros, 1, 1).largest == 0.0);
  BOOST_TEST(measure(start::ones, 1, 1).mean == 1.0);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_bits) {
  const network net(higgs_mlp(), 1, model_catalogue::builtin());
  std::vector<float> a(net.summary().parameters), b(a.size()), c(a.size()), none;
  net.initialise(a, none, 5);
  net.initialise(b, none, 5);
  net.initialise(c, none, 6);
  BOOST_TEST((a == b));
  BOOST_TEST((a != c));
}

BOOST_AUTO_TEST_CASE(layers_start_from_numbers_of_their_own) {
  const network net(model({8}, {dense(8), dense(8)}, "mean_squared_error"), 1,
                    model_catalogue::builtin());
  std::vector<float> p(net.summary().parameters), none;
  net.initialise(p, none, 5);
  BOOST_TEST((std::vector<float>(p.begin(), p.begin() + 64) !=
              std::vector<float>(p.begin() + 72, p.begin() + 136)));
  for (std::size_t i = 64; i < 72; ++i) BOOST_TEST(p[i] == 0.0f);  // the first bias
}

BOOST_AUTO_TEST_CASE(he_is_used_on_request) {
  const auto l =
      make_layer("dense", {{"units", whole(3)}, {"initialiser", word("he_normal")}}, {5});
  BOOST_TEST((l->parameters()[0].initialiser == start::he_normal));
  const auto c =
      make_layer("conv2d", {{"filters", whole(6)}, {"kernel", integers{2, 3}}}, {4, 4, 5});
  BOOST_TEST((c->parameters()[0].initialiser == start::glorot_uniform));
  BOOST_TEST(c->parameters()[0].fan_in == 30u);
  BOOST_TEST(c->parameters()[0].fan_out == 36u);
}

BOOST_AUTO_TEST_SUITE_END()
