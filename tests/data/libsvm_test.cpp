#include <boost/test/unit_test.hpp>

#include "data/folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

dataset read_text(const std::string& text, std::int64_t features = 4) {
  const folder here;
  return read("libsvm", {{"path", here.write("t", text)}, {"features", features}}, here.path());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(libsvm_files)

BOOST_AUTO_TEST_CASE(rows_become_dense) {
  const dataset data = read_text("+1 1:0.5 4:-2 \n\n-1\t2:1e1 # a comment 9:9\r\n# none\n3 4:7");
  BOOST_TEST(data.rows() == 3u);
  BOOST_TEST((data.shape == std::vector<std::size_t>{4}));
  BOOST_TEST(values(data) == (std::vector<float>{.5f, 0, 0, -2, 0, 10, 0, 0, 0, 0, 0, 7}),
             boost::test_tools::per_element());
  BOOST_TEST(data.labels == (std::vector<float>{1, -1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_its_line) {
  const std::pair<std::string, std::string> table[] = {
      {"1 1:1\n1 5:1\n", "t:2: index 5 is not within 1..4"},
      {"1 0:1\n", "t:1: index 0 is not within 1..4"},
      {"1 99999999999999999999:1\n", "is not index:value"},
      {"1 2:1 2:1\n", "t:1: index 2 follows 2; they must ascend"},
      {"1 3:1 2:1\n", "t:1: index 2 follows 3; they must ascend"},
      {"1 2:x\n", "t:1: index 2: 'x' is not a number"},
      {"1 2:\n", "t:1: index 2: '' is not a number"},
      {"1 2:nan\n", "'nan' is not a finite number"},
      {"1 2:1e99\n", "too large"},
      {"1 a:1\n", "'a:1' is not index:value"},
      {"1 2\n", "'2' is not index:value"},
      {"1 1:1\n1 qid:3 1:1\n", "t:2: 'qid:3' is not index:value"},
      {"a 1:1\n", "t:1: the label 'a' is not a number"},
      {"1,2 1:1\n", "t:1: the label '1,2' is not a number"},
      {"1:1 2:1\n", "t:1: there is no label"},
      {"", "there are no rows"},
      {"\n# nothing\n", "there are no rows"}};
  for (const auto& [text, message] : table) {
    BOOST_TEST(contains(message_of([&, &t = text] { read_text(t); }), message), text);
  }
}

BOOST_AUTO_TEST_CASE(rows_to_predict_may_lack_labels) {
  const folder here;
  here.write("t", "1:1 2:1\n3:5\n");
  label_map map;
  map.classes = {"-1", "1"};
  const source_spec source{"libsvm", {{"path", std::string("t")}, {"features", std::int64_t{3}}}};
  const dataset data = read_for(source, here.path(), 1, map, data_catalogue::builtin());
  BOOST_TEST(data.labels.empty());
  BOOST_TEST(values(data) == (std::vector<float>{1, 1, 0, 0, 0, 5}),
             boost::test_tools::per_element());
  here.write("t", "1:1 2:1\n1 3:5\n");
  BOOST_TEST(contains(
      message_of([&] { read_for(source, here.path(), 1, map, data_catalogue::builtin()); }),
      "t:2: there is a label, but earlier rows have none"));
}

BOOST_AUTO_TEST_SUITE_END()
