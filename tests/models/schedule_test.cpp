#include "troupe/models/rules/schedule.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "troupe/base/error.hpp"

using namespace troupe;

namespace {

rate_schedule make(settings given) {
  std::vector<setting> declared = rate_schedule::declared();
  declared.push_back(declare::number("learning_rate", "", 2.0));
  return rate_schedule(resolve(declared, given, {}, "rule"));
}

const auto tightly = boost::test_tools::tolerance(1e-12);

}  // namespace

BOOST_AUTO_TEST_SUITE(schedule_suite)

BOOST_AUTO_TEST_CASE(without_a_word_the_rate_stays) {
  const rate_schedule s = make({});
  for (const double f : {0.0, 0.3, 1.0}) BOOST_TEST(s.rate(f) == 2.0);
}

BOOST_AUTO_TEST_CASE(each_schedule_goes_its_way_from_start_to_end) {
  const auto at = [](const char* name, double f) {
    return make({{"schedule", std::string(name)}, {"schedule_end", 0.25}}).rate(f) / 2;
  };
  for (const char* name : {"linear", "exponential", "cosine", "step"}) {
    BOOST_TEST(at(name, 0) == 1.0, tightly);
    BOOST_TEST(at(name, 1) == 0.25, tightly);
  }
  BOOST_TEST(at("linear", 0.5) == 0.625, tightly);
  BOOST_TEST(at("exponential", 0.5) == 0.5, tightly);
  BOOST_TEST(at("cosine", 0.5) == 0.625, tightly);
  BOOST_TEST(at("cosine", 1.0 / 3) == 0.25 + 0.75 * 0.75, tightly);
  // Three stages: 1, 1/2, 1/4.
  BOOST_TEST(at("step", 0.33) == 1.0, tightly);
  BOOST_TEST(at("step", 0.34) == 0.5, tightly);
  BOOST_TEST(at("step", 0.67) == 0.25, tightly);
}

BOOST_AUTO_TEST_CASE(warming_up_comes_before_the_schedule) {
  const rate_schedule s =
      make({{"schedule", std::string("linear")}, {"schedule_end", 0.0}, {"warm_up", 0.2}});
  BOOST_TEST(s.rate(0) == 2 * 0.01, tightly);
  BOOST_TEST(s.rate(0.1) == 2 * 0.505, tightly);
  BOOST_TEST(s.rate(0.2) == 2.0, tightly);
  BOOST_TEST(s.rate(0.6) == 1.0, tightly);
  BOOST_TEST(s.rate(1) == 0.0);
}

BOOST_AUTO_TEST_CASE(a_fraction_outside_its_range_counts_as_the_nearer_end) {
  const rate_schedule s = make({{"schedule", std::string("linear")}});
  BOOST_TEST(s.rate(-1) == s.rate(0));
  BOOST_TEST(s.rate(7) == s.rate(1));
  BOOST_TEST(s.rate(std::numeric_limits<double>::quiet_NaN()) == s.rate(0));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_followed_is_refused) {
  for (const char* name : {"exponential", "step"}) {
    BOOST_CHECK_THROW(make({{"schedule", std::string(name)}, {"schedule_end", 0.0}}), error);
  }
  BOOST_CHECK_THROW(make({{"schedule", std::string("cosin")}}), error);
  BOOST_CHECK_THROW(make({{"warm_up", 1.0}}), error);
  BOOST_CHECK_THROW(make({{"schedule_steps", std::int64_t{1}}}), error);
}

BOOST_AUTO_TEST_SUITE_END()
