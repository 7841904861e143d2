#include "troupe/base/settings.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <stdexcept>

using namespace troupe;

namespace {

std::vector<setting> sample() {
  return {
      declare::number("rate", "share dropped", 0.5).at_least(0).below(1),
      declare::integer("units", "outputs").at_least(1).required(),
      declare::text("mode", "which way", "fast").one_of({"fast", "exact"}),
      declare::integer_list("kernel", "height and width", integers{3, 3}).at_least(1),
      declare::number_list("from", "old range").at_most(255),
      declare::word_list("drop", "columns left out"),
      declare::word_list("steps", "what is done").one_of({"scale", "shift"}),
      declare::boolean("bias", "whether there is one", true),
  };
}

settings resolved(const settings& given) {
  return resolve(
      sample(), given, [](const std::string& option) { return "at " + option; }, "dense");
}

/// The error's text, or "" where there is none.
std::string refusal(const settings& given) {
  try {
    resolved(given);
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::job));
    return e.what();
  }
  return {};
}

settings with(const std::string& name, setting_value value) {
  settings s{{"units", std::int64_t{1}}};
  s.set(name, std::move(value));
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(settings_suite)

BOOST_AUTO_TEST_CASE(defaults_are_filled_in_the_order_of_declaration) {
  const settings s = resolved({{"drop", words{"a"}}, {"units", std::int64_t{10}}});
  std::string order;
  for (const auto& entry : s.values()) order += entry.first + " ";
  BOOST_TEST(order == "rate units mode kernel drop bias ");
  BOOST_TEST(s.number("rate") == 0.5);
  BOOST_TEST(s.integer("units") == 10);
  BOOST_TEST(s.text("mode") == "fast");
  BOOST_TEST((s.integer_list("kernel") == integers{3, 3}));
  BOOST_TEST((s.word_list("drop") == words{"a"}));
  BOOST_TEST(s.boolean("bias"));
  BOOST_TEST(!s.has("from"));
  BOOST_TEST((resolved(s) == s));
}

BOOST_AUTO_TEST_CASE(values_are_converted_where_nothing_is_lost) {
  BOOST_TEST(resolved(with("rate", std::int64_t{0})).number("rate") == 0.0);
  BOOST_TEST((resolved(with("kernel", std::int64_t{5})).integer_list("kernel") == integers{5}));
  BOOST_TEST((resolved(with("from", integers{0, 255})).number_list("from") == numbers{0, 255}));
  BOOST_TEST((resolved(with("from", 1.5)).number_list("from") == numbers{1.5}));
  BOOST_TEST((resolved(with("drop", std::string("id"))).word_list("drop") == words{"id"}));
  BOOST_TEST((resolved(with("drop", integers{4})).word_list("drop") == words{"4"}));
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_with_place_and_reason) {
  BOOST_TEST(refusal({}) == "at : dense needs 'units' (outputs)");
  BOOST_TEST(refusal(with("rate", 1.0)) == "at rate: 'rate' must be at least 0 and below 1, not 1");
  BOOST_TEST(refusal(with("rate", -0.1)) ==
             "at rate: 'rate' must be at least 0 and below 1, not -0.1");
  BOOST_TEST(refusal(with("rate", std::nan(""))).find("'rate' must be") != std::string::npos);
  BOOST_TEST(refusal(with("rate", HUGE_VAL)).find("'rate' must be") != std::string::npos);
  BOOST_TEST(refusal(with("rate", std::string("half"))) ==
             "at rate: 'rate' must be a number, not half");
  BOOST_TEST(refusal(with("units", 2.5)) == "at units: 'units' must be a whole number, not 2.5");
  BOOST_TEST(refusal(with("units", std::int64_t{0})) ==
             "at units: 'units' must be at least 1, not 0");
  BOOST_TEST(refusal(with("kernel", integers{3, 0})) ==
             "at kernel: 'kernel' must be at least 1, not [3, 0]");
  BOOST_TEST(refusal(with("from", numbers{0, 256.5})) ==
             "at from: 'from' must be at most 255, not [0, 256.5]");
  BOOST_TEST(refusal(with("mode", std::string("exakt"))) ==
             "at mode: unknown mode 'exakt'; did you mean 'exact'?");
  BOOST_TEST(refusal(with("steps", words{"scale", "turn"})) ==
             "at steps: unknown steps 'turn'; known: scale, shift");
  BOOST_TEST(refusal(with("bias", std::int64_t{1})) ==
             "at bias: 'bias' must be true or false, not 1");
  BOOST_TEST(refusal(with("unit", std::int64_t{1})) ==
             "at unit: unknown option of dense 'unit'; did you mean 'units'?");
  BOOST_TEST(refusal(with("zzzzzz", true)).find("; known: rate, units, mode") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(places_are_not_needed) {
  BOOST_CHECK_THROW(resolve(sample(), {}, {}, "dense"), error);
}

BOOST_AUTO_TEST_CASE(asking_for_what_is_not_there_is_a_mistake_of_the_program) {
  const settings s{{"units", std::int64_t{1}}};
  BOOST_CHECK_THROW(s.integer("rate"), std::logic_error);
  BOOST_CHECK_THROW(s.text("units"), std::logic_error);
  BOOST_TEST(s.number("units") == 1.0);
}

BOOST_AUTO_TEST_CASE(the_nearest_word_is_a_slip_of_the_pen_away) {
  const words known{"relu", "max_pool2d", "dense", "adam", "lr"};
  BOOST_TEST(nearest("ReLU", known).value_or("") == "relu");
  BOOST_TEST(nearest("maxpool2d", known).value_or("") == "max_pool2d");
  BOOST_TEST(nearest("Max-Pool2D", known).value_or("") == "max_pool2d");
  BOOST_TEST(nearest("desne", known).value_or("") == "dense");
  BOOST_TEST(!nearest("transformer", known));
  BOOST_TEST(!nearest("xy", {"lr"}));
  BOOST_TEST(!nearest("", known));
  BOOST_TEST(!nearest(std::string(100000, 'x'), known));
  BOOST_TEST(unknown_word("layer", "x", {}) == "unknown layer 'x'; there are none");
}

BOOST_AUTO_TEST_CASE(values_have_a_text) {
  BOOST_TEST(to_text(setting_value(0.1)) == "0.1");
  BOOST_TEST(to_text(setting_value(1e-7)) == "1e-07");
  BOOST_TEST(to_text(setting_value(true)) == "true");
  BOOST_TEST(to_text(setting_value(std::int64_t{-3})) == "-3");
  BOOST_TEST(to_text(setting_value(integers{3, 3})) == "[3, 3]");
  BOOST_TEST(to_text(setting_value(numbers{0.5})) == "[0.5]");
  BOOST_TEST(to_text(setting_value(words{})) == "[]");
}

BOOST_AUTO_TEST_SUITE_END()
