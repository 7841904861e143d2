#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>

#include "data/array_files.hpp"
#include "data/folder.hpp"
#include "troupe/data/labels.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const data_catalogue known = data_catalogue::builtin();

source_spec csv(const std::string& path, settings more = {}) {
  more.set("path", path);
  return {"csv", more};
}

/// A job over a table of row numbers: column 1 and the label are the number.
data_spec numbered(const folder& here, int rows) {
  std::string text;
  for (int i = 0; i < rows; ++i) text += std::to_string(i) + "," + std::to_string(i) + "\n";
  data_spec spec;
  spec.directory = here.path();
  spec.train = csv(here.write("rows.csv", text));
  return spec;
}

const label_request any_value{label_shape::values, 1};

std::string refusal(const data_spec& spec, const label_request& request = any_value) {
  return message_of([&] { prepare(spec, request, 1, known); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(preparation)

BOOST_AUTO_TEST_CASE(a_split_has_its_shares_and_every_row_once) {
  const folder here;
  data_spec spec = numbered(here, 1000);
  spec.split_test = 0.4;
  spec.split_validation = 0.1;
  const prepared_data data = prepare(spec, any_value, 7, known);
  BOOST_TEST(data.test->rows() == 400u);
  BOOST_TEST(data.validation->rows() == 100u);
  BOOST_TEST(data.train->rows() == 500u);
  std::set<float> seen;
  for (const auto& part : {data.train, data.validation, data.test}) {
    BOOST_TEST(std::is_sorted(part->labels.begin(), part->labels.end()));
    BOOST_TEST((values(*part) == part->labels));
    seen.insert(part->labels.begin(), part->labels.end());
  }
  BOOST_TEST(seen.size() == 1000u);
  const double sum = std::accumulate(data.test->labels.begin(), data.test->labels.end(), 0.0);
  BOOST_TEST(std::abs(sum / 400 - 499.5) < 60);  // over four deviations

  BOOST_TEST((prepare(spec, any_value, 7, known).test->labels == data.test->labels));
  BOOST_TEST((prepare(spec, any_value, 8, known).test->labels != data.test->labels));
}

BOOST_AUTO_TEST_CASE(rows_limits_what_is_read_before_the_split) {
  const folder here;
  data_spec spec = numbered(here, 100);
  spec.rows = 10;
  BOOST_TEST(prepare(spec, any_value, 7, known).train->rows() == 10u);
  spec.split_test = 0.5;
  const prepared_data data = prepare(spec, any_value, 7, known);
  BOOST_TEST(data.train->rows() == 5u);
  BOOST_TEST(*std::max_element(data.test->labels.begin(), data.test->labels.end()) < 10.0f);
}

BOOST_AUTO_TEST_CASE(transforms_are_fitted_on_the_training_part_alone) {
  const folder here;
  data_spec spec = numbered(here, 100);
  spec.split_test = 0.5;
  spec.transforms = {{"min_max", {}}};
  const prepared_data data = prepare(spec, any_value, 7, known);
  const float least = data.train->labels.front(), largest = data.train->labels.back();
  float out = 0;
  data.transforms.apply(data.test->type, data.test->row(3), 1, &out);
  const float expected = (data.test->labels[3] - least) / (largest - least);
  BOOST_TEST(std::abs(out - expected) < 1e-5f);
}

BOOST_AUTO_TEST_CASE(impossible_parts_are_refused) {
  const folder here;
  data_spec spec = numbered(here, 10);
  spec.split_test = 0.01;
  BOOST_TEST(contains(refusal(spec), "data.split.test: a share of 0.01 of 10 rows is none"));
  spec.split_test = 0.6;
  spec.split_validation = 0.4;
  BOOST_TEST(contains(refusal(spec), "data.split: of 10 rows, 6 for test and 4 for validation"));
  spec.split_validation = 0;
  spec.test = spec.train;
  BOOST_TEST(contains(refusal(spec), "data.split.test: there is a test source already"));
  spec.split_test = 0;
  spec.test = csv(here.write("wide.csv", "1,2,3\n"));
  BOOST_TEST(contains(refusal(spec), "wide.csv: rows of shape [2], but [1] in the training part"));
  spec.test = csv(here.write("empty.csv", ""));
  BOOST_TEST(contains(refusal(spec), "empty.csv: there are no rows"));
}

BOOST_AUTO_TEST_CASE(columns_of_the_parts_must_agree) {
  const folder here;
  const settings header{{"header", true}, {"label", std::string("y")}};
  data_spec spec;
  spec.directory = here.path();
  spec.train = csv(here.write("train.csv", "a,b,y\n1,2,0\n2,3,1\n"), header);
  spec.test = csv(here.write("test.csv", "y,a,b\n1,1,2\n"), header);
  BOOST_TEST(prepare(spec, {label_shape::classes, 2}, 1, known).test->labels[0] == 1.0f);
  here.write("test.csv", "b,a,y\n1,1,2\n");
  BOOST_TEST(
      contains(refusal(spec), "column 1 (b) stands where the training part has column 1 (a)"));
}

BOOST_AUTO_TEST_CASE(missing_values_are_reported_with_row_and_column) {
  const folder here;
  data_spec spec;
  spec.directory = here.path();
  spec.train = csv(here.write("t.csv", "a,b,y\n1,2,0\n2,,1\n"), {{"header", true}});
  const label_request two{label_shape::classes, 2};
  BOOST_TEST(contains(refusal(spec, two), "t.csv: row 2: column 2 (b) is missing"));
  spec.transforms = {{"fill_missing", {{"with", 0.0}}}};
  BOOST_TEST(refusal(spec, two) == "");
  // Values that overflow in a transform.
  here.write("t.csv", "a,b,y\n1,2e38,0\n2,1,1\n");
  spec.transforms = {{"min_max", {{"from", integers{0, 1}}, {"to", integers{0, 1000}}}}};
  BOOST_TEST(
      contains(refusal(spec, two), "t.csv: row 1: column 2 (b) is infinite after the transforms"));
}

BOOST_AUTO_TEST_CASE(options_are_checked_with_their_path) {
  data_spec spec;
  spec.train = {"cvs", {}};
  BOOST_TEST(
      contains(refusal(spec), "data.train.format: unknown format 'cvs'; did you mean 'csv'?"));
  spec.train = {"csv", {{"paht", std::string("x")}}};
  BOOST_TEST(contains(refusal(spec), "data.train.paht: "));
  spec.train = {"csv", {{"path", std::string("x")}, {"delimiter", std::string("ab")}}};
  BOOST_TEST(contains(refusal(spec), "data.train: 'delimiter' must be one character"));
  spec.train = {"synthetic", {{"kind", std::string("letters")}}};
  BOOST_TEST(contains(refusal(spec), "data.train.kind: "));
  spec.train = {"synthetic", {{"rows", std::int64_t{0}}}};
  BOOST_TEST(contains(refusal(spec), "data.train.rows: 'rows' must be at least 1"));
}

BOOST_AUTO_TEST_CASE(rows_without_labels_do_not_train_but_can_be_read) {
  const folder here;
  here.write("x", idx_bytes(8, {2, 2}, "abcd"));
  data_spec spec;
  spec.directory = here.path();
  spec.train = {"idx", {{"features", std::string("x")}}};
  BOOST_TEST(contains(refusal(spec), "x: the training rows have no labels"));
  label_map map;
  const dataset data = read_for(spec.train, here.path(), 1, map, known);
  BOOST_TEST(data.rows() == 2u);
  BOOST_TEST(data.labels.empty());
}

BOOST_AUTO_TEST_CASE(tables_to_predict_may_lack_the_label) {
  const folder here;
  label_map map;
  map.classes = {"a", "b"};
  auto rows = [&](const std::string& text, const settings& options) {
    return read_for(csv(here.write("t.csv", text), options), here.path(), 1, map, known, 2);
  };
  const settings header{{"header", true}, {"label", std::string("y")}, {"drop", words{"id"}}};
  BOOST_TEST(rows("id,u,v,y\n1,2,3,b\n", header).labels == (std::vector<float>{1}));
  const dataset unlabelled = rows("u,v\n2,3\n", header);
  BOOST_TEST(unlabelled.labels.empty());
  BOOST_TEST(unlabelled.row_volume() == 2u);
  BOOST_TEST(rows("2,3,b\n", {}).labels == (std::vector<float>{1}));
  BOOST_TEST(rows("2,3\n", {}).labels.empty());
  BOOST_TEST(contains(message_of([&] { rows("2,3,b\n2,3,c\n", {}); }),
                      "t.csv: row 2: label 'c' is none of the training part's (a, b)"));
}

BOOST_AUTO_TEST_CASE(labels_of_rows_to_predict_are_left_out_whatever_they_say) {
  const folder here;
  auto rows = [&](const std::string& text, const settings& options) {
    return read_features(csv(here.write("t.csv", text), options), here.path(), 1, known, 2);
  };
  const settings by_place{{"header", true}};
  const settings by_name{{"header", true}, {"label", std::string("y")}};
  for (const settings& options : {by_place, by_name}) {
    for (const char* text :
         {"u,v,y\n1,2,?\n3,4,\n", "u,v,y\n1,2,new\n3,4,7\n", "u,v\n1,2\n3,4\n"}) {
      BOOST_TEST_CONTEXT(text) {
        const dataset data = rows(text, options);
        BOOST_TEST(data.rows() == 2u);
        BOOST_TEST(data.row_volume() == 2u);
        BOOST_TEST(data.labels.empty());
        BOOST_TEST(data.label_words.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(columns_must_stand_where_they_stood) {
  const folder here;
  const settings header{{"header", true}};
  const auto trained =
      read_features(csv(here.write("a.csv", "u,v,y\n1,2,0\n"), header), here.path(), 1, known, 2);
  const auto same =
      read_features(csv(here.write("b.csv", "u,v\n1,2\n"), header), here.path(), 1, known, 2);
  const auto other =
      read_features(csv(here.write("c.csv", "v,u\n2,1\n"), header), here.path(), 1, known, 2);
  check_columns(same, trained.columns);
  BOOST_TEST(contains(message_of([&] { check_columns(other, trained.columns); }),
                      "c.csv: column 1 (v) stands where the training part has column 1 (u)"));
  check_columns(other, {});  // trained on rows without names
}

BOOST_AUTO_TEST_CASE(values_of_a_file_are_checked_against_the_transforms) {
  const folder here;
  const pipeline steps({{"fill_missing", {{"with", 1.0}}}}, {2}, known.transforms);
  const pipeline none({}, {2}, known.transforms);
  here.write("t.csv", "1,2\n3,\n");
  const dataset data =
      read("csv", {{"path", std::string("t.csv")}, {"label", std::string("none")}}, here.path());
  BOOST_TEST(message_of([&] { check_values(data, steps); }) == "");
  BOOST_TEST(contains(message_of([&] { check_values(data, none); }),
                      "t.csv: row 2: column 2 is missing after the transforms"));
  const pipeline wide({}, {3}, known.transforms);
  BOOST_TEST(contains(message_of([&] { check_values(data, wide); }),
                      "rows of shape [2], but the transforms start from [3]"));
}

BOOST_AUTO_TEST_SUITE_END()
