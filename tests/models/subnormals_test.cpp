#include "troupe/models/subnormals.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "models/network_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// A product the compiler cannot work out in advance.
float product(float a, float b) {
  volatile float x = a, y = b;
  return x * y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(subnormals)

#if defined(__SSE__)

BOOST_AUTO_TEST_CASE(small_numbers_are_zero_while_the_guard_lives) {
  const float least = std::numeric_limits<float>::min();
  BOOST_TEST(product(least, 0.5f) > 0.0f);
  {
    const subnormals_as_zero guard;
    BOOST_TEST(product(least, 0.5f) == 0.0f);
    BOOST_TEST(product(least / 2, 1e10f) == 0.0f);
  }
  BOOST_TEST(product(least, 0.5f) > 0.0f);
}

BOOST_AUTO_TEST_CASE(no_rule_is_slowed_down_by_moments_that_fade_away) {
  const model_catalogue all = model_catalogue::builtin();
  const auto no_place = [](const std::string&) { return std::string(); };
  for (const rule_entry& entry : all.rules.entries()) {
    const auto rule = entry.make(resolve(entry.options, {}, no_place, entry.name), 9);
    std::vector<float> x(9, 1.0f), g(9, 1.0f);
    for (int i = 0; i < 1200; ++i) {  // 0.9^1200 is far below the least float
      rule->step(x, g, 0.5);
      g.assign(9, 0.0f);
      for (float v : rule->state()) {
        BOOST_REQUIRE_MESSAGE(std::fpclassify(v) != FP_SUBNORMAL, entry.name << ", step " << i);
      }
    }
  }
}

#endif

BOOST_AUTO_TEST_SUITE_END()
