#include "troupe/models/gradient_rule.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "models/rule_reference.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/models/rules/builtin.hpp"

using namespace troupe;

namespace {

using floats = std::vector<float>;
// A whole vector register, a half one, and a rest.
constexpr std::size_t count = 8 + 4 + 3;

const registry<rule_entry>& known() {
  static const registry<rule_entry> rules = builtin_rules();
  return rules;
}

std::unique_ptr<gradient_rule> make(const std::string& name, const settings& given = {},
                                    std::size_t size = count) {
  const rule_entry& entry = known().at(name, "", "gradient rule");
  return entry.make(resolve(entry.options, given, {}, name), size);
}

void step(gradient_rule& rule, floats& x, floats g, double fraction = 0) {
  rule.step({x.data(), x.size()}, {g.data(), g.size()}, fraction);
}

/// The same gradients for everybody: number i of step t.
float gradient(int t, std::size_t i) {
  const random_stream stream(3, random_purpose::test, static_cast<std::uint64_t>(t));
  return 2 * stream.uniform(i) - 1;
}

floats gradients(int t) {
  floats g;
  for (std::size_t i = 0; i < count; ++i) g.push_back(gradient(t, i));
  return g;
}

floats start() {
  floats x;
  for (std::size_t i = 0; i < count; ++i) x.push_back(0.1f * static_cast<float>(i) - 0.7f);
  return x;
}

/// Steps of a rule against the reference, whose gradient is `altered` and whose x first shrinks
/// by `kept`.
template <class Altered>
void compare(const std::string& name, const settings& given, double kept, Altered altered) {
  const auto rule = make(name, given);
  floats x = start();
  std::vector<double> wanted(x.begin(), x.end());
  std::vector<reference::memory> memories(count);
  for (int t = 1; t <= 20; ++t) {
    step(*rule, x, gradients(t));
    for (std::size_t i = 0; i < count; ++i) {
      const double g = altered(static_cast<double>(gradient(t, i)), wanted[i], t);
      wanted[i] = kept * wanted[i] + reference::rules().at(name)(g, t, memories[i]);
      BOOST_TEST(
          std::fabs(static_cast<double>(x[i]) - wanted[i]) < 3e-6,
          name << ", step " << t << ", number " << i << ": " << x[i] << " against " << wanted[i]);
    }
    BOOST_TEST(rule->steps() == static_cast<std::uint64_t>(t));
  }
}

double own_decay(const std::string& name) {
  return name == "adamw" ? 1 - 0.001 * 0.004 : 1.0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_suite)

BOOST_AUTO_TEST_CASE(every_rule_follows_its_equations) {
  BOOST_TEST(known().entries().size() == reference::rules().size());
  for (const rule_entry& entry : known().entries()) {
    BOOST_REQUIRE(reference::rules().count(entry.name) == 1u);
    compare(entry.name, {}, own_decay(entry.name), [](double g, double, int) { return g; });
  }
}

// f(x) = x^2 / 2 from x = 1, so g = x: the first three steps worked by hand.
BOOST_AUTO_TEST_CASE(steps_on_a_parabola_are_those_worked_by_hand) {
  const auto trajectory = [](const std::string& name, const settings& given) {
    const auto rule = make(name, given, 1);
    floats x{1}, seen;
    for (int t = 0; t < 3; ++t) {
      step(*rule, x, x);
      seen.push_back(x[0]);
    }
    return seen;
  };
  const auto check = [&](const char* name, const settings& given, const floats& wanted) {
    const floats seen = trajectory(name, given);
    for (std::size_t i = 0; i < 3; ++i) {
      BOOST_TEST(seen[i] == wanted[i], boost::test_tools::tolerance(2e-6f));
    }
  };
  const settings tenth{{"learning_rate", 0.1}};
  check("sgd", tenth, {0.9f, 0.81f, 0.729f});
  // v: -0.1, -0.18, -0.234
  check("momentum", tenth, {0.9f, 0.72f, 0.486f});
  // v: -0.1, -0.171, -0.21141; x += 0.9 v - 0.1 x
  check("nesterov", tenth, {0.81f, 0.5751f, 0.327321f});
  // a: 1, 1.81, 2.5040615
  check("adagrad", tenth, {0.9f, 0.8331035f, 0.7804562f});
}

BOOST_AUTO_TEST_CASE(defaults_are_those_of_keras) {
  const auto check = [](const char* name, const char* option, double value) {
    const rule_entry& entry = known().at(name, "", "");
    BOOST_TEST(resolve(entry.options, {}, {}, name).number(option) == value, name << " " << option);
  };
  for (const char* name : {"sgd", "momentum", "nesterov", "adagrad"}) {
    check(name, "learning_rate", 0.01);
  }
  for (const char* name : {"rmsprop", "adam", "adamw"}) check(name, "learning_rate", 0.001);
  for (const char* name : {"adamax", "nadam"}) check(name, "learning_rate", 0.002);
  check("adadelta", "learning_rate", 1.0);
  check("rmsprop", "rho", 0.9);
  check("adadelta", "rho", 0.95);
  check("adagrad", "accumulator", 0);
  check("nadam", "schedule_decay", 0.004);
  for (const char* name : {"adam", "adamw", "adamax", "nadam"}) {
    check(name, "beta_1", 0.9);
    check(name, "beta_2", 0.999);
    check(name, "epsilon", 1e-7);
  }
  for (const char* name : {"adagrad", "rmsprop", "adadelta"}) check(name, "epsilon", 1e-7);
  for (const rule_entry& entry : known().entries()) {
    check(entry.name.c_str(), "weight_decay", entry.name == "adamw" ? 0.004 : 0.0);
  }
}

BOOST_AUTO_TEST_CASE(weight_decay_is_part_of_the_gradient_but_for_adamw) {
  for (const rule_entry& entry : known().entries()) {
    const settings given{{"weight_decay", 0.25}};
    if (entry.name == "adamw") {
      compare(entry.name, given, 1 - 0.001 * 0.25, [](double g, double, int) { return g; });
    } else {
      compare(entry.name, given, 1, [](double g, double x, int) { return g + 0.25 * x; });
    }
  }
}

BOOST_AUTO_TEST_CASE(gradients_are_clipped_by_norm_then_by_value) {
  const auto length = [](int t) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += std::pow(gradient(t, i), 2);
    return std::sqrt(sum);
  };
  for (const rule_entry& entry : known().entries()) {
    const double kept = own_decay(entry.name);
    compare(entry.name, {{"clip_value", 0.3}}, kept,
            [](double g, double, int) { return std::clamp(g, -0.3, 0.3); });
    compare(entry.name, {{"clip_norm", 0.5}}, kept,
            [&](double g, double, int t) { return g * std::min(1.0, 0.5 / length(t)); });
    compare(entry.name, {{"clip_norm", 2.0}, {"clip_value", 0.4}}, kept,
            [&](double g, double, int t) {
              return std::clamp(g * std::min(1.0, 2.0 / length(t)), -0.4, 0.4);
            });
    // A short gradient stays as it is.
    compare(entry.name, {{"clip_norm", 1000.0}}, kept, [](double g, double, int) { return g; });
  }
}

BOOST_AUTO_TEST_CASE(the_schedule_follows_the_fraction) {
  const settings given{{"schedule", std::string("linear")}, {"schedule_end", 0.0}};
  for (const rule_entry& entry : known().entries()) {
    const auto rule = make(entry.name, given), full = make(entry.name);
    floats x = start(), y = start();
    step(*rule, x, gradients(1), 0.75);
    step(*full, y, gradients(1), 0.75);
    for (std::size_t i = 0; i < count; ++i) {
      BOOST_TEST(std::fabs((x[i] - start()[i]) - 0.25f * (y[i] - start()[i])) < 1e-6f, entry.name);
    }
    floats z = start();
    step(*make(entry.name, given), z, gradients(1), 1.0);
    BOOST_TEST((z == start()), entry.name);
  }
}

BOOST_AUTO_TEST_CASE(a_rule_continues_from_its_state_and_step_counter) {
  for (const rule_entry& entry : known().entries()) {
    const auto first = make(entry.name), second = make(entry.name);
    floats x = start();
    for (int t = 1; t <= 7; ++t) step(*first, x, gradients(t));
    floats y = x;
    const span<float> from = first->state(), to = second->state();
    BOOST_REQUIRE(from.size() == to.size());
    BOOST_TEST(from.size() % count == 0u);
    std::copy_n(from.data(), from.size(), to.data());
    second->set_steps(first->steps());
    for (int t = 8; t <= 12; ++t) {
      step(*first, x, gradients(t));
      step(*second, y, gradients(t));
    }
    BOOST_TEST((x == y), entry.name);
    BOOST_TEST(second->steps() == 12u);
    // Back to an earlier checkpoint, then on again.
    second->set_steps(3);
    BOOST_TEST(second->steps() == 3u);
    step(*second, y, gradients(4));
    for (const float value : y) BOOST_TEST(std::isfinite(value));
  }
}

BOOST_AUTO_TEST_CASE(every_rule_goes_down_a_parabola_and_stays_finite_without_a_gradient) {
  for (const rule_entry& entry : known().entries()) {
    const auto rule = make(entry.name);
    floats x(count, 1.0f);
    for (int t = 0; t < 300; ++t) step(*rule, x, x);
    for (const float value : x) BOOST_TEST(std::fabs(value) < 0.999f, entry.name << " " << value);
    const auto idle = make(entry.name);
    floats y(count, 0.0f);
    for (int t = 0; t < 3; ++t) step(*idle, y, floats(count, 0.0f));
    BOOST_TEST((y == floats(count, 0.0f)), entry.name);
  }
}

BOOST_AUTO_TEST_CASE(an_accumulator_may_start_above_zero) {
  const auto rule = make("adagrad", {{"accumulator", 3.0}, {"learning_rate", 1.0}}, 1);
  floats x{0};
  step(*rule, x, {1});
  BOOST_TEST(x[0] == -0.5f, boost::test_tools::tolerance(1e-6f));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_no_number_is_not_hidden) {
  for (const rule_entry& entry : known().entries()) {
    for (const settings& given :
         {settings{}, settings{{"clip_value", 1.0}}, settings{{"clip_norm", 1.0}}}) {
      const auto rule = make(entry.name, given);
      floats x = start(), g = gradients(1);
      g[2] = g[count - 1] = std::numeric_limits<float>::quiet_NaN();
      step(*rule, x, g);
      BOOST_TEST(std::isnan(x[2]), entry.name);
      BOOST_TEST(std::isnan(x[count - 1]), entry.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(misuse_is_refused) {
  BOOST_CHECK_THROW(make("adam", {{"beta_1", 1.0}}), error);
  BOOST_CHECK_THROW(make("adam", {{"epsilon", 0.0}}), error);
  BOOST_CHECK_THROW(make("sgd", {{"learning_rate", -0.1}}), error);
  BOOST_CHECK_THROW(make("sgd", {{"momentum", 0.9}}), error);
  BOOST_CHECK_THROW(make("sgd", {{"clip_norm", 0.0}}), error);
  BOOST_CHECK_THROW(make("sgd", {{"schedule", std::string("exponential")}, {"schedule_end", 0.0}}),
                    error);
  floats x(3), g(count);
  BOOST_CHECK_THROW(make("sgd")->step({x.data(), 3}, {g.data(), count}, 0), std::logic_error);
}

BOOST_AUTO_TEST_SUITE_END()
