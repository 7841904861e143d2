#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "data/folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

dataset floats(std::size_t width, const std::vector<float>& rows) {
  dataset data;
  data.shape = {width};
  data.set_rows(rows.size() / width);
  data.features.resize(rows.size() * 4);
  std::memcpy(data.features.data(), rows.data(), rows.size() * 4);
  return data;
}

dataset bytes(std::size_t width, const std::vector<std::uint8_t>& rows) {
  dataset data;
  data.shape = {width};
  data.type = element_type::u8;
  data.set_rows(rows.size() / width);
  data.features.resize(rows.size());
  std::memcpy(data.features.data(), rows.data(), rows.size());
  return data;
}

/// Fits and applies.
std::vector<float> transformed(const std::vector<transform_spec>& specs, const dataset& data) {
  pipeline steps(specs, data.shape, data_catalogue::builtin().transforms);
  steps.fit(data);
  std::vector<float> out(data.rows() * data.row_volume());
  steps.apply(data.type, data.row(0), data.rows(), out.data());
  return out;
}

void expect(const std::vector<float>& got, const std::vector<float>& wanted) {
  BOOST_TEST_REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    BOOST_TEST(std::abs(got[i] - wanted[i]) <= 1e-6f * (1 + std::abs(wanted[i])),
               "value " << i << ": " << got[i] << " instead of " << wanted[i]);
  }
}

std::string refusal(const transform_spec& spec, const dataset& data) {
  return message_of([&] { transformed({spec}, data); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transforms)

BOOST_AUTO_TEST_CASE(min_max_stretches_a_given_range) {
  const transform_spec spec{"min_max", {{"from", integers{0, 255}}, {"to", numbers{-1, 1}}}};
  expect(transformed({spec}, bytes(3, {0, 51, 255})), {-1, -0.6f, 1});
  expect(transformed({{"min_max", {{"from", integers{0, 10}}}}}, floats(2, {5, 20})), {.5f, 2});
}

BOOST_AUTO_TEST_CASE(min_max_finds_the_range_of_each_column) {
  const auto data = floats(3, {1, 10, 7, 3, nan_value, 7, 2, 30, 7});
  const auto out = transformed({{"min_max", {}}}, data);
  expect({out[0], out[1], out[2], out[3], out[5], out[6], out[7], out[8]},
         {0, 0, 0, 1, 0, .5f, 1, 0});
  BOOST_TEST(std::isnan(out[4]));
}

BOOST_AUTO_TEST_CASE(standard_uses_the_deviation_of_the_population) {
  // Means 2.5 and 7; deviations sqrt(1.25) and 0.
  const auto out = transformed({{"standard", {}}}, floats(2, {1, 7, 2, 7, 3, 7, 4, 7}));
  const float d = std::sqrt(1.25f);
  expect(out, {-1.5f / d, 0, -.5f / d, 0, .5f / d, 0, 1.5f / d, 0});
}

BOOST_AUTO_TEST_CASE(standard_keeps_its_digits_far_from_zero) {
  std::vector<float> rows;
  for (int i = 0; i < 20000; ++i) rows.push_back(1000000.0f + static_cast<float>(i % 2));
  const auto out = transformed({{"standard", {}}}, floats(1, rows));
  BOOST_TEST(std::abs(out[0] + 1) < 0.2f);  // the shift is a float of a million's rounding
  BOOST_TEST(std::abs(out[1] - out[0] - 2) < 0.2f);
}

BOOST_AUTO_TEST_CASE(missing_values_are_filled) {
  const auto data = floats(2, {1, nan_value, nan_value, 4, 3, 8});
  expect(transformed({{"fill_missing", {}}}, data), {1, 6, 2, 4, 3, 8});
  expect(transformed({{"fill_missing", {{"with", 0.5}}}}, data), {1, .5f, .5f, 4, 3, 8});
  expect(transformed({{"fill_missing", {{"with", std::int64_t{-1}}}}}, data), {1, -1, -1, 4, 3, 8});
  // Composed with its neighbours on both sides: in the order of the job.
  expect(transformed({{"min_max", {{"from", integers{0, 2}}}},
                      {"fill_missing", {{"with", 10.0}}},
                      {"min_max", {{"from", integers{0, 1}}, {"to", integers{0, 100}}}}},
                     data),
         {50, 1000, 1000, 200, 150, 400});
  expect(transformed({{"fill_missing", {{"with", std::string("mean")}}}, {"standard", {}}},
                     floats(1, {1, nan_value, 3})),
         {-std::sqrt(1.5f), 0, std::sqrt(1.5f)});
}

BOOST_AUTO_TEST_CASE(rows_are_divided_by_their_norm) {
  const auto data = floats(2, {3, -4, 0, 0});
  expect(transformed({{"normalize", {}}}, data), {.6f, -.8f, 0, 0});
  expect(transformed({{"normalize", {{"norm", std::string("l1")}}}}, data),
         {3 / 7.f, -4 / 7.f, 0, 0});
  expect(transformed({{"normalize", {{"norm", std::string("max")}}}}, data), {.75f, -1, 0, 0});
  expect(transformed({{"normalize", {}}}, floats(2, {3e30f, 4e30f})), {.6f, .8f});
  // On bytes, and before another transform that is fitted on its result.
  expect(transformed({{"normalize", {}}, {"min_max", {}}}, bytes(2, {3, 4, 4, 3})), {0, 1, 1, 0});
}

BOOST_AUTO_TEST_CASE(without_transforms_values_become_floats) {
  expect(transformed({}, bytes(2, {3, 255})), {3, 255});
  expect(transformed({}, floats(2, {3, -1})), {3, -1});
}

BOOST_AUTO_TEST_CASE(reshape_keeps_values) {
  const dataset data = bytes(6, {1, 2, 3, 4, 5, 6});
  const transform_spec spec{"reshape", {{"shape", integers{2, 3, 1}}}};
  pipeline steps({spec}, data.shape, data_catalogue::builtin().transforms);
  BOOST_TEST((steps.input() == std::vector<std::size_t>{6}));
  BOOST_TEST((steps.output() == std::vector<std::size_t>{2, 3, 1}));
  expect(transformed({spec}, data), {1, 2, 3, 4, 5, 6});
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_said_with_its_place) {
  const dataset data = floats(2, {1, 2});
  BOOST_TEST(refusal({"reshape", {{"shape", integers{3}}}}, data) ==
             "data.transforms.0.reshape: [3] does not hold the 2 values of [2]");
  BOOST_TEST(contains(refusal({"reshape", {{"shape", integers{-1, 2}}}}, data),
                      "data.transforms.0.reshape.shape: 'shape' must be at least 1"));
  BOOST_TEST(contains(refusal({"reshape", {}}, data), "needs 'shape'"));
  BOOST_TEST(contains(refusal({"min_max", {{"from", integers{1, 1}}}}, data),
                      "data.transforms.0.min_max: 'from' must be two ascending numbers"));
  BOOST_TEST(contains(refusal({"min_max", {{"from", integers{1}}}}, data), "must be two numbers"));
  BOOST_TEST(contains(refusal({"min_max", {{"form", integers{1}}}}, data), "did you mean 'from'"));
  BOOST_TEST(contains(refusal({"fill_missing", {{"with", std::string("median")}}}, data),
                      "'with' must be mean or a number"));
  BOOST_TEST(contains(refusal({"normalize", {{"norm", std::string("l3")}}}, data), "norm"));
  BOOST_TEST(contains(refusal({"standart", {}}, data),
                      "data.transforms.0: unknown transform 'standart'; did you mean 'standard'?"));
  BOOST_TEST(contains(refusal({"fill_missing", {}}, floats(2, {1, nan_value})),
                      "value 2 of the row is missing in every row"));
}

BOOST_AUTO_TEST_SUITE_END()
