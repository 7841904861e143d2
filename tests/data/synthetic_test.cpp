#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>

#include "data/folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

prepared_data digits(std::int64_t rows, std::uint64_t seed) {
  data_spec spec;
  spec.train = {"synthetic", {{"kind", std::string("digits")}, {"rows", rows}}};
  spec.test = source_spec{"synthetic", {{"kind", std::string("digits")}, {"rows", rows}}};
  return prepare(spec, {label_shape::classes, 10}, seed, data_catalogue::builtin());
}

/// Share of the test pictures whose nearest class mean (of the training part) is their own.
double nearest_mean_accuracy(const prepared_data& data) {
  const std::size_t pixels = 784;
  std::vector<double> means(10 * pixels), count(10);
  const std::vector<float> train = values(*data.train), test = values(*data.test);
  for (std::size_t r = 0; r < data.train->rows(); ++r) {
    const auto label = static_cast<std::size_t>(data.train->labels[r]);
    count[label] += 1;
    for (std::size_t i = 0; i < pixels; ++i) {
      means[label * pixels + i] += static_cast<double>(train[r * pixels + i]);
    }
  }
  std::size_t right = 0;
  for (std::size_t r = 0; r < data.test->rows(); ++r) {
    std::array<double, 10> apart{};
    for (std::size_t k = 0; k < 10; ++k) {
      for (std::size_t i = 0; i < pixels; ++i) {
        const double d =
            static_cast<double>(test[r * pixels + i]) - means[k * pixels + i] / count[k];
        apart[k] += d * d;
      }
    }
    const auto best = std::min_element(apart.begin(), apart.end()) - apart.begin();
    right += best == static_cast<std::ptrdiff_t>(data.test->labels[r]);
  }
  return static_cast<double>(right) / static_cast<double>(data.test->rows());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(synthetic_digits)

BOOST_AUTO_TEST_CASE(pictures_depend_on_seed_and_row_alone) {
  const prepared_data some = digits(300, 1), more = digits(600, 1), other = digits(300, 2);
  BOOST_TEST((some.train->shape == std::vector<std::size_t>{28, 28}));
  BOOST_TEST((some.train->type == element_type::u8));
  BOOST_TEST(std::equal(some.train->features.begin(), some.train->features.end(),
                        more.train->features.begin()));
  BOOST_TEST(
      std::equal(some.train->labels.begin(), some.train->labels.end(), more.train->labels.begin()));
  BOOST_TEST((some.train->features != other.train->features));
}

BOOST_AUTO_TEST_CASE(training_and_test_share_no_picture) {
  const prepared_data data = digits(300, 1);
  std::vector<std::vector<std::byte>> seen;
  for (const auto& part : {data.train, data.test}) {
    for (std::size_t r = 0; r < part->rows(); ++r) {
      seen.emplace_back(part->row(r), part->row(r) + 784);
    }
  }
  std::sort(seen.begin(), seen.end());
  BOOST_TEST((std::adjacent_find(seen.begin(), seen.end()) == seen.end()));
}

BOOST_AUTO_TEST_CASE(all_digits_occur_about_equally) {
  const prepared_data data = digits(4000, 3);
  std::array<int, 10> count{};
  for (const float label : data.train->labels) ++count[static_cast<std::size_t>(label)];
  for (const int n : count) BOOST_TEST((n > 300 && n < 500));
}

BOOST_AUTO_TEST_CASE(they_can_be_learnt_but_not_by_the_nearest_mean) {
  const double accuracy = nearest_mean_accuracy(digits(2000, 5));
  BOOST_TEST_MESSAGE("nearest mean: " << accuracy);
  BOOST_TEST(accuracy > 0.5);
  BOOST_TEST(accuracy < 0.95);
}

BOOST_AUTO_TEST_SUITE_END()
