#include <boost/test/unit_test.hpp>
#include <cmath>

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

BOOST_AUTO_TEST_SUITE_END()
