#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "data/folder.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(real_data_files)

BOOST_AUTO_TEST_CASE(mnist_is_prepared_for_a_convnet) {
  const std::string directory = real_data("mnist");
  if (directory.empty()) return;
  data_spec spec;
  spec.directory = directory;
  spec.train = {"idx",
                {{"features", std::string("train-images-idx3-ubyte.gz")},
                 {"labels", std::string("train-labels-idx1-ubyte.gz")}}};
  spec.test = source_spec{"idx",
                          {{"features", std::string("t10k-images-idx3-ubyte.gz")},
                           {"labels", std::string("t10k-labels-idx1-ubyte.gz")}}};
  spec.transforms = {{"min_max", {{"from", integers{0, 255}}, {"to", integers{0, 1}}}},
                     {"reshape", {{"shape", integers{28, 28, 1}}}}};
  const prepared_data data =
      prepare(spec, {label_shape::classes, 10}, 7, data_catalogue::builtin());

  BOOST_TEST(data.train->rows() == 60000u);
  BOOST_TEST(data.test->rows() == 10000u);
  BOOST_TEST((data.train->type == element_type::u8));
  BOOST_TEST((data.transforms.output() == std::vector<std::size_t>{28, 28, 1}));
  BOOST_TEST(std::vector<float>(data.train->labels.begin(), data.train->labels.begin() + 5) ==
                 (std::vector<float>{5, 0, 4, 1, 9}),
             boost::test_tools::per_element());
  BOOST_TEST(std::vector<float>(data.test->labels.begin(), data.test->labels.begin() + 5) ==
                 (std::vector<float>{7, 2, 1, 0, 4}),
             boost::test_tools::per_element());
  std::vector<float> rows(60000u * 784);
  data.transforms.apply(data.train->type, data.train->row(0), 60000, rows.data());
  double sum = 0;
  for (const float value : rows) sum += static_cast<double>(value);
  BOOST_TEST(std::abs(sum / static_cast<double>(rows.size()) - 0.1307) < 5e-5);
}

BOOST_AUTO_TEST_CASE(higgs_has_missing_values_that_are_filled) {
  const std::string directory = real_data("higgs-atlas");
  if (directory.empty()) return;
  const settings options{{"path", std::string("atlas_higgs_9998.csv.gz")},
                         {"header", true},
                         {"label", std::string("Label")},
                         {"drop", words{"EventId", "Weight"}},
                         {"missing", -999.0}};
  const dataset raw = read("csv", options, directory);
  BOOST_TEST(raw.rows() == 9998u);
  BOOST_TEST((raw.shape == std::vector<std::size_t>{30}));
  BOOST_TEST(raw.label_words.front() == "s");
  BOOST_TEST(raw.label_words[1] == "b");
  const std::vector<float> rows = values(raw);
  BOOST_TEST(rows[0] == 138.47f);
  BOOST_TEST(std::isnan(rows[30 + 4]));
  BOOST_TEST(std::count(rows.begin(), rows.end(), -999.0f) == 0);

  data_spec spec;
  spec.directory = directory;
  spec.train = {"csv", options};
  spec.split_test = 0.4;
  BOOST_TEST(contains(message_of([&] {
                        prepare(spec, {label_shape::classes, 2}, 1, data_catalogue::builtin());
                      }),
                      "is missing (the transform fill_missing"));
  spec.transforms = {{"fill_missing", {{"with", std::string("mean")}}}, {"standard", {}}};
  const prepared_data data = prepare(spec, {label_shape::classes, 2}, 1, data_catalogue::builtin());
  BOOST_TEST(data.train->rows() == 5999u);
  BOOST_TEST(data.test->rows() == 3999u);
  BOOST_TEST(data.labels.name(0) == "b");
  BOOST_TEST(data.labels.name(1) == "s");
}

BOOST_AUTO_TEST_CASE(a9a_has_its_rows_and_signs) {
  const std::string directory = real_data("a9a");
  if (directory.empty()) return;
  const settings train{{"path", std::string("a9a.gz")}, {"features", std::int64_t{123}}};
  const settings test{{"path", std::string("a9a.t.gz")}, {"features", std::int64_t{123}}};
  BOOST_TEST(read("libsvm", train, directory).rows() == 32561u);
  data_spec spec;
  spec.directory = directory;
  spec.train = {"libsvm", train};
  spec.test = source_spec{"libsvm", test};
  const prepared_data zeros = prepare(spec, {label_shape::binary, 1}, 1, data_catalogue::builtin());
  BOOST_TEST(zeros.test->rows() == 16281u);
  BOOST_TEST(std::count(zeros.train->labels.begin(), zeros.train->labels.end(), 1.0f) == 7841);
  BOOST_TEST(std::count(zeros.train->labels.begin(), zeros.train->labels.end(), 0.0f) == 24720);
  const prepared_data signs = prepare(spec, {label_shape::signs, 1}, 1, data_catalogue::builtin());
  BOOST_TEST(std::count(signs.train->labels.begin(), signs.train->labels.end(), -1.0f) == 24720);
  const std::vector<float> rows = values(*signs.train);
  BOOST_TEST(rows[2] == 1.0f);
  BOOST_TEST(std::accumulate(rows.begin(), rows.begin() + 123, 0.0f) == 14.0f);
}

BOOST_AUTO_TEST_CASE(small_tables_have_their_classes_last) {
  const std::string directory = real_data("small");
  if (directory.empty()) return;
  const data_catalogue all = data_catalogue::builtin();
  data_spec spec;
  spec.directory = directory;
  spec.train = {"csv", {{"path", std::string("iris.csv")}}};
  const prepared_data iris = prepare(spec, {label_shape::classes, 3}, 1, all);
  BOOST_TEST(iris.train->rows() == 150u);
  BOOST_TEST(iris.labels.name(2) == "Iris-virginica");
  BOOST_TEST(iris.train->labels[149] == 2.0f);
  spec.train.options = {{"path", std::string("wine.csv")}};
  const prepared_data wine = prepare(spec, {label_shape::classes, 3}, 1, all);
  BOOST_TEST(wine.train->rows() == 178u);
  BOOST_TEST(wine.labels.name(0) == "1");
  BOOST_TEST(wine.train->labels[0] == 0.0f);
  spec.train.options = {{"path", std::string("winequality-red.csv")}};
  const prepared_data quality = prepare(spec, {label_shape::values, 1}, 1, all);
  BOOST_TEST(quality.train->rows() == 1599u);
  BOOST_TEST(quality.train->labels[0] == 5.0f);
}

BOOST_AUTO_TEST_SUITE_END()
