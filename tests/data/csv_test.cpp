#include <boost/test/unit_test.hpp>
#include <cmath>

#include "data/folder.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

dataset read_text(const std::string& text, settings options = {}) {
  const folder here;
  options.set("path", here.write("t.csv", text));
  return read("csv", options, here.path());
}

std::string refusal(const std::string& text, const settings& options = {}) {
  return message_of([&] { read_text(text, options); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv_files)

BOOST_AUTO_TEST_CASE(numbers_of_every_form_are_read) {
  const dataset data = read_text(
      "1,-2.5,+3,.5,5.,1e3,-1.25E-2,0\n"
      " 7 ,\t8, 123456789,0.123456789012,12345678.87654321,1e-400,000012.5000,1\n");
  BOOST_TEST(data.rows() == 2u);
  BOOST_TEST((data.shape == std::vector<std::size_t>{7}));
  const std::vector<float> expected{
      1, -2.5f, 3, .5f, 5, 1e3f, -1.25e-2f, 7, 8, 123456789.0f, 0.123456789012f, 12345678.87654321f,
      0, 12.5f};
  BOOST_TEST(values(data) == expected, boost::test_tools::per_element());
  BOOST_TEST(data.labels == (std::vector<float>{0, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lines_end_as_they_like) {
  for (const std::string text : {"1,2\n3,4\n", "1,2\r\n3,4\r\n", "1,2\n3,4", "\n1,2\n\n  \n3,4\n\n",
                                 "\xEF\xBB\xBF"
                                 "1,2\n3,4\r\n"}) {
    const dataset data = read_text(text);
    BOOST_TEST(values(data) == (std::vector<float>{1, 3}), boost::test_tools::per_element());
    BOOST_TEST(data.labels == (std::vector<float>{2, 4}), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(header_names_columns) {
  const std::string text = "id,age,\"the \"\"label\"\"\",height\n1,30,a,1.5\n2,40,b,1.75\n";
  const dataset data = read_text(
      text, {{"header", true}, {"label", std::string("the \"label\"")}, {"drop", words{"id"}}});
  BOOST_TEST(values(data) == (std::vector<float>{30, 1.5f, 40, 1.75f}),
             boost::test_tools::per_element());
  BOOST_TEST(data.label_words == (words{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(data.columns == (words{"column 2 (age)", "column 4 (height)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(columns_go_by_number_without_a_header) {
  const dataset data =
      read_text("9,1,5\n8,2,6\n", {{"label", std::int64_t{1}}, {"drop", std::int64_t{2}}});
  BOOST_TEST(values(data) == (std::vector<float>{5, 6}), boost::test_tools::per_element());
  BOOST_TEST(data.labels == (std::vector<float>{9, 8}), boost::test_tools::per_element());
  const dataset none = read_text("9,1,5\n", {{"label", std::string("none")}});
  BOOST_TEST(none.row_volume() == 3u);
  BOOST_TEST(none.labels.empty());
  const dataset two = read_text("9,1,5\n8,2,6\n", {{"label", integers{3, 1}}});
  BOOST_TEST(two.label_width == 2u);
  BOOST_TEST(two.labels == (std::vector<float>{5, 9, 6, 8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(missing_values_become_not_a_number) {
  const dataset data =
      read_text("1,,-999,?,NA, ,-999.0,x\n", {{"missing", words{"-999", "?", "NA"}}});
  const std::vector<float> row = values(data);
  BOOST_TEST(row.size() == 7u);
  BOOST_TEST(row[0] == 1.0f);
  for (std::size_t i = 1; i < 7; ++i) BOOST_TEST(std::isnan(row[i]));
}

BOOST_AUTO_TEST_CASE(quotes_hold_delimiters_quotes_and_newlines) {
  const dataset data = read_text("\"1\",\"a,\"\"b\"\"\nc\"\n2 , \"d\" \n");
  BOOST_TEST(values(data) == (std::vector<float>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(data.label_words == (words{"a,\"b\"\nc", "d"}), boost::test_tools::per_element());
  // The line numbers count the newlines within quotes.
  BOOST_TEST(contains(refusal("1,\"a\nb\nc\"\nx,d\n"), "t.csv:4: column 1: 'x' is not a number"));
}

BOOST_AUTO_TEST_CASE(other_delimiters) {
  BOOST_TEST(values(read_text("1;2,5;3\n", {{"delimiter", std::string(";")},
                                            {"drop", words{"2"}}})) == (std::vector<float>{1}),
             boost::test_tools::per_element());
  BOOST_TEST(values(read_text("1\t\t3\n", {{"delimiter", std::string("tab")}})).size() == 2u);
  BOOST_TEST(contains(refusal("1,2\n", {{"delimiter", std::string("--")}}), "'delimiter' must be"));
}

BOOST_AUTO_TEST_CASE(labels_of_numbers_and_words_are_words) {
  const dataset data = read_text("1,2\n1,2.0\n1,b\n1,02\n");
  BOOST_TEST(data.label_words == (words{"2", "2", "b", "2"}), boost::test_tools::per_element());
  BOOST_TEST(data.labels.empty());
}

BOOST_AUTO_TEST_CASE(a_large_file_crosses_blocks_and_is_the_same_from_gzip) {
  std::string text;
  std::vector<float> expected;
  for (int row = 0; row < 60000; ++row) {
    const float value = static_cast<float>(row % 1000) / 8;
    text += std::to_string(row) + "," + std::to_string(value) + ",\"w" + std::to_string(row % 3) +
            (row % 5000 == 0 ? "\n" : "") + "\"\n";
    expected.push_back(static_cast<float>(row));
    expected.push_back(value);
  }
  const folder here;
  here.write("t.csv", text);
  here.write_gz("t.csv.gz", text);
  for (const std::string name : {"t.csv", "t.csv.gz"}) {
    const dataset data = read("csv", {{"path", name}}, here.path());
    BOOST_TEST(data.rows() == 60000u);
    BOOST_TEST((values(data) == expected));
    BOOST_TEST(data.label_words[0] == "w0\n");
    BOOST_TEST(data.label_words[59999] == "w2");
    const dataset some = read("csv", {{"path", name}}, here.path(), 777);
    BOOST_TEST(some.rows() == 777u);
    BOOST_TEST(some.label_words.size() == 777u);
  }
  // Every place of a block's end within a quoted field: a record longer than any block.
  const std::string longest = "1,\"" + std::string(3 << 20, '\n') + "\"\n2,b\n";
  BOOST_TEST(read_text(longest).rows() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_with_its_place) {
  struct wrong {
    std::string text;
    settings options;
    std::string message;
  };
  const settings header{{"header", true}};
  const std::vector<wrong> table{
      {"1,2,3\n4,5\n", {}, "t.csv:2: 2 columns instead of 3"},
      {"1,2,3\n\n4,5,6,7\n", {}, "t.csv:3: 4 columns instead of 3"},
      {"a,b,c\n1,2,3\n4,x,6\n", header, "t.csv:3: column 2 (b): 'x' is not a number"},
      {"1,2\n1x,2\n", {}, "t.csv:2: column 1: '1x' is not a number"},
      {"1 2,2\n", {}, "'1 2' is not a number"},
      {"--1,2\n", {}, "'--1' is not a number"},
      {"1,2\nnan,2\n", {}, "t.csv:2: column 1: 'nan' is not a finite number"},
      {"-inf,2\n", {}, "t.csv:1: column 1: '-inf' is not a finite number"},
      {"1e39,2\n", {}, "'1e39' is too large for a 32-bit float"},
      {"1e999,2\n", {}, "'1e999' is too large for a 32-bit float"},
      {"1,inf\n", {}, "t.csv:1: column 2: 'inf' is not a finite number"},
      {"1,2\n1,\n", {}, "t.csv:2: column 2: there is no label"},
      {"age,label\n1,2\n", {}, "(a header? `header: true` says so)"},
      {"a,b,a\n1,2,3\n", header, "t.csv:1: column 'a' is there twice in the header"},
      {"age,class\n1,2\n",
       {{"header", true}, {"label", std::string("clas")}},
       "did you mean 'class'"},
      {"age,x,y\n1,2,3\n", {{"header", true}, {"drop", words{"agee"}}}, "did you mean 'age'"},
      {"1,2\n", {{"label", std::int64_t{3}}}, "names column 3, which is not there"},
      {"1,2\n", {{"label", std::int64_t{0}}}, "names column 0, which is not there"},
      {"1,2\n", {{"drop", words{"last"}}}, "'label' names column 2 again"},
      {"1\n2\n", {}, "no column is left for the features"},
      {"", {}, "there are no rows"},
      {"\n\n", {}, "there are no rows"},
      {"a,b\n", header, "there are no rows"},
      {"1,\"a\n2,b\n", {}, "t.csv:1: a quote is not closed"},
      {"1,\"a\"b\n", {}, "t.csv:1: text follows the closing quote"},
      {"1,2\n3,\"a\"b,4\n", {}, "t.csv:2: 3 columns instead of 2"},
      {"1,2,a\n1,2,b\n", {{"label", words{"2", "3"}}}, "t.csv:1: column 3: 'a' is not a number"}};
  for (const wrong& w : table) {
    BOOST_TEST(contains(refusal(w.text, w.options), w.message), w.text);
  }
  BOOST_TEST(contains(message_of([] {
                        read("csv", {{"path", std::string("none.csv")}}, "/nowhere");
                      }),
                      "/nowhere/none.csv: cannot open: No such file"));
  BOOST_TEST(contains(message_of([] {
                        read("csv", {{"path", std::string("/")}}, ".");
                      }),
                      "not a regular file"));
}

BOOST_AUTO_TEST_SUITE_END()
