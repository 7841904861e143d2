#include "troupe/actors/training_curve.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

// The course of loss and accuracy that whoever begins to watch late is shown.

using troupe::training_curve;

BOOST_AUTO_TEST_SUITE(training_curves)

BOOST_AUTO_TEST_CASE(windows_of_a_span_are_one_point) {
  training_curve curve;
  curve.add(0.01, 10, 20, 5, 10);
  curve.add(0.2, 40, 30, 30, 30);
  curve.add(0.3, 45, 2.5, 4, 5);
  curve.add(5, 45, 7, 0, 0);  // no rows
  const auto json = curve.json(true);
  BOOST_TEST(json.dump() ==
             R"({"time":[0.2,0.3],"rows":[40,45],"loss":[1.25,0.5],"accuracy":[0.875,0.8]})");
  BOOST_TEST(curve.json(false)["accuracy"].dump() == "[null,null]");
  BOOST_TEST(training_curve().json(true)["time"].empty());
}

BOOST_AUTO_TEST_CASE(there_are_never_too_many) {
  training_curve curve;
  const int windows = 20000;
  for (int i = 0; i < windows; ++i) {
    curve.add(0.05 * i, 10 * i + 10, 10.0 * i, 5, 10);
    if (i % 100 == 0) BOOST_REQUIRE(curve.json(true)["time"].size() <= training_curve::most_points);
  }
  const auto json = curve.json(true);
  const auto time = json["time"].get<std::vector<double>>();
  const auto loss = json["loss"].get<std::vector<double>>();
  BOOST_TEST(time.size() > training_curve::most_points / 2 - 1);
  BOOST_TEST(time.back() == 0.05 * (windows - 1), boost::test_tools::tolerance(1e-4));
  BOOST_TEST(json["rows"].back() == 10 * windows);
  for (std::size_t i = 1; i < time.size(); ++i) {
    BOOST_TEST(time[i] > time[i - 1]);
    // The mean of a span is that of its middle, not of its end.
    const double middle = (time[i] + time[i - 1]) / 2 / 0.05;
    BOOST_TEST(loss[i] == middle, boost::test_tools::tolerance(0.02));
  }
}

BOOST_AUTO_TEST_CASE(pauses_and_nonsense_do_no_harm) {
  training_curve curve;
  for (int i = 0; i < 1000; ++i) curve.add(1e6 * i, 1, 1, 1, 1);  // hours apart
  BOOST_TEST(curve.json(true)["time"].size() <= training_curve::most_points);
  curve.add(3, 2, std::numeric_limits<double>::quiet_NaN(), 0, 1);  // time goes back; it diverges
  const auto json = curve.json(true);
  BOOST_TEST(json["loss"].back().is_null());
  BOOST_TEST(json["time"].back() == 999e6);
}

BOOST_AUTO_TEST_SUITE_END()
