#include "troupe/data/labels.hpp"

#include <boost/test/unit_test.hpp>

#include "data/array_files.hpp"
#include "data/folder.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const data_catalogue known = data_catalogue::builtin();
constexpr auto classes = label_shape::classes;
constexpr auto binary = label_shape::binary;
constexpr auto signs = label_shape::signs;
constexpr auto plain = label_shape::values;

/// A table of labels alone beside a feature of no interest.
std::string table(const words& labels) {
  std::string text;
  for (const std::string& label : labels) text += "0," + label + "\n";
  return text;
}

prepared_data prepared(const words& train, const words& test, const label_request& request,
                       const std::vector<transform_spec>& transforms) {
  const folder here;
  data_spec spec;
  spec.directory = here.path();
  spec.train = {"csv", {{"path", here.write("train.csv", table(train))}}};
  if (!test.empty())
    spec.test = source_spec{"csv", {{"path", here.write("test.csv", table(test))}}};
  spec.transforms = transforms;
  return prepare(spec, request, 1, known);
}

transform_spec order(const words& labels) {
  return {"label_index", {{"order", labels}}};
}
transform_spec one_hot(std::int64_t width) {
  return {"one_hot", {{"classes", width}}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(label_rules)

BOOST_AUTO_TEST_CASE(labels_become_what_the_loss_wants) {
  struct rule {
    words train, test;
    label_request request;
    std::vector<transform_spec> transforms;
    std::vector<float> train_out, test_out;
    std::string first_name;
  };
  const std::vector<rule> rules{
      // Whole numbers within 0 .. units-1 as they are, though training lacks some.
      {{"0", "3", "2"}, {"1"}, {classes, 4}, {}, {0, 3, 2}, {1}, "0"},
      // Otherwise sorted: numbers by value, words by bytes.
      {{"10", "9", "-1"}, {"9"}, {classes, 3}, {}, {2, 1, 0}, {1}, "-1"},
      {{"1", "2", "3"}, {"3"}, {classes, 3}, {}, {0, 1, 2}, {2}, "1"},
      {{"b", "a", "B"}, {"b"}, {classes, 3}, {}, {2, 1, 0}, {2}, "B"},
      {{"0.5", "0.25"}, {}, {classes, 5}, {}, {1, 0}, {}, "0.25"},
      {{"-1", "1"}, {"1"}, {classes, 2}, {}, {0, 1}, {1}, "-1"},
      {{"1", "a", "2"}, {"2", "1"}, {classes, 3}, {}, {0, 2, 1}, {1, 0}, "1"},
      {{"b", "s"}, {"s"}, {classes, 2}, {order({"s", "b"})}, {1, 0}, {0}, "s"},
      {{"0", "1"}, {"1"}, {classes, 2}, {order({"1", "0"})}, {1, 0}, {0}, "1"},
      {{"0", "2"}, {}, {classes, 3}, {one_hot(3)}, {1, 0, 0, 0, 0, 1}, {}, "0"},
      {{"x", "y"}, {"y"}, {classes, 2}, {order({"y", "x"}), one_hot(2)}, {0, 1, 1, 0}, {1, 0}, "y"},
      // Two classes for each output.
      {{"0", "1"}, {"1"}, {binary, 1}, {}, {0, 1}, {1}, "0"},
      {{"0", "0"}, {"1"}, {binary, 1}, {}, {0, 0}, {1}, "0"},
      {{"-1", "+1"}, {"-1"}, {binary, 1}, {}, {0, 1}, {0}, "-1"},
      {{"s", "b"}, {"b"}, {binary, 1}, {}, {1, 0}, {0}, "b"},
      {{"s", "b"}, {"b"}, {binary, 1}, {order({"s", "b"})}, {0, 1}, {1}, "s"},
      {{"1", "2"}, {}, {binary, 1}, {}, {0, 1}, {}, "1"},
      {{"0", "1"}, {}, {binary, 2}, {one_hot(2)}, {1, 0, 0, 1}, {}, "0"},
      {{"-1", "1"}, {"1"}, {signs, 1}, {}, {-1, 1}, {1}, "-1"},
      {{"0", "1"}, {"0"}, {signs, 1}, {}, {-1, 1}, {-1}, "0"},
      {{"no", "yes"}, {"yes"}, {signs, 1}, {}, {-1, 1}, {1}, "no"},
      {{"0", "1"}, {}, {signs, 2}, {one_hot(2)}, {1, -1, -1, 1}, {}, "0"},
      // Values as they are; of classes where a transform asks for it.
      {{"0.5", "-7"}, {"3"}, {plain, 1}, {}, {.5f, -7}, {3}, "0"},
      {{"a", "b"}, {}, {plain, 1}, {order({"b", "a"})}, {1, 0}, {}, "b"},
      {{"a", "b"}, {"b"}, {plain, 2}, {one_hot(2)}, {1, 0, 0, 1}, {0, 1}, "a"}};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    BOOST_TEST_CONTEXT("rule " << i) {
      const rule& r = rules[i];
      const prepared_data data = prepared(r.train, r.test, r.request, r.transforms);
      BOOST_TEST(data.train->labels == r.train_out, boost::test_tools::per_element());
      if (data.test) BOOST_TEST(data.test->labels == r.test_out, boost::test_tools::per_element());
      BOOST_TEST(data.train->label_words.empty());
      BOOST_TEST(data.train->label_width * r.train.size() == data.train->labels.size());
      BOOST_TEST(data.labels.name(0) == r.first_name);
      sectioned_file file;
      data.labels.save(file);
      const label_map again = label_map::load(file);
      BOOST_TEST((again.classes == data.labels.classes && again.use == data.labels.use &&
                  again.as_they_are == data.labels.as_they_are &&
                  again.width == data.labels.width && again.one_hot == data.labels.one_hot));
    }
  }
}

BOOST_AUTO_TEST_CASE(labels_that_do_not_fit_are_refused_with_their_place) {
  struct wrong {
    words train, test;
    label_request request;
    std::vector<transform_spec> transforms;
    std::string message;
  };
  const std::vector<wrong> wrongs{
      {{"0", "1", "2", "3"},
       {},
       {classes, 3},
       {},
       "train.csv: row 4: label '3' is not within 0..2, and the 4 distinct labels"},
      {{"a", "b", "c"}, {}, {classes, 2}, {}, "the 3 distinct labels"},
      {{"0", "1"}, {"1", "2"}, {classes, 2}, {}, "test.csv: row 2: label '2' is not within 0..1"},
      {{"0", "1"}, {"0.5"}, {classes, 2}, {}, "test.csv: row 1: label '0.5' is not within 0..1"},
      {{"a", "b"},
       {"a", "b", "c"},
       {classes, 3},
       {},
       "test.csv: row 3: label 'c' is none of the training part's (a, b)"},
      {{"5", "7"}, {"6"}, {classes, 3}, {}, "test.csv: row 1: label '6' is none of"},
      {{"5", "7"}, {"x"}, {classes, 3}, {}, "test.csv: row 1: label 'x' is none of"},
      {{"a", "b"},
       {},
       {classes, 2},
       {order({"a"})},
       "train.csv: row 2: label 'b' is none of the training part's (a)"},
      {{"a", "b"},
       {},
       {classes, 2},
       {order({"a", "a"})},
       "data.transforms.0.label_index.order: label 'a' is there twice"},
      {{"a", "b"},
       {},
       {classes, 2},
       {order({"a", "b", "c"})},
       "data.transforms.0.label_index.order: 3 labels for 2 classes"},
      {{"a", "b"},
       {},
       {classes, 2},
       {order({"a", "b"}), order({"a", "b"})},
       "data.transforms.1.label_index: 'label_index' is there twice"},
      {{"0", "1"},
       {},
       {classes, 3},
       {one_hot(2)},
       "data.transforms.0.one_hot.classes: 2 classes for the 3 outputs of the model"},
      {{"0", "1", "2"}, {}, {binary, 1}, {}, "train.csv: 3 distinct labels"},
      {{"0", "1"}, {}, {binary, 3}, {}, "one label a row for the 3 outputs of the model"},
      {{"0", "1"}, {}, {plain, 2}, {}, "one label a row for the 2 outputs of the model"},
      {{"0", "1"}, {"-1"}, {binary, 1}, {}, "test.csv: row 1: label '-1' is none of"},
      {{"1", "x", "2"}, {}, {plain, 1}, {}, "train.csv: row 2: label 'x' is not a number"},
      {{"1", "2"}, {"1", "x"}, {plain, 1}, {}, "test.csv: row 2: label 'x' is not a number"}};
  for (const wrong& w : wrongs) {
    BOOST_TEST(contains(message_of([&] { prepared(w.train, w.test, w.request, w.transforms); }),
                        w.message));
  }
}

BOOST_AUTO_TEST_CASE(rows_of_labels_are_taken_as_such) {
  const folder here;
  here.write("x", npy_bytes("|u1", "(2, 1)", "ab"));
  data_spec spec;
  spec.directory = here.path();
  spec.train = {"npy", {{"features", std::string("x")}, {"labels", std::string("y")}}};
  auto labels = [&](const std::vector<float>& raw, const label_request& request) {
    here.write("y", npy_bytes("<f4", "(2, 2)", bytes_of(raw)));
    return prepare(spec, request, 1, known).train->labels;
  };
  const std::vector<float> hot{0, 1, 1, 0}, values{.5f, 7, -1, 2}, pm{-1, 1, 1, -1};
  BOOST_TEST(labels(hot, {classes, 2}) == hot);
  BOOST_TEST(labels(values, {plain, 2}) == values);
  BOOST_TEST(labels(pm, {binary, 2}) == hot);
  BOOST_TEST(labels(hot, {signs, 2}) == pm);
  BOOST_TEST(contains(message_of([&] {
                        labels(values, {classes, 2});
                      }),
                      "row 1: the labels are not one-hot"));
  BOOST_TEST(contains(message_of([&] { labels(values, {binary, 2}); }), "4 distinct labels"));
  BOOST_TEST(contains(message_of([&] {
                        labels(hot, {classes, 3});
                      }),
                      "2 labels a row for the 3 outputs of the model"));
  spec.transforms = {one_hot(2)};
  BOOST_TEST(contains(message_of([&] {
                        labels(hot, {classes, 2});
                      }),
                      "rows with 2 labels have no class to index"));
}

BOOST_AUTO_TEST_CASE(rows_of_a_split_are_named_by_their_place_in_the_file) {
  words labels(100, "1");
  labels[41] = "x";
  const folder here;
  data_spec spec;
  spec.directory = here.path();
  spec.train = {"csv", {{"path", here.write("t.csv", table(labels))}}};
  spec.split_test = 0.5;
  BOOST_TEST(contains(message_of([&] {
                        prepare(spec, {plain, 1}, 1, known);
                      }),
                      "t.csv: row 42: label 'x' is not a number"));
}

BOOST_AUTO_TEST_CASE(any_bytes_load_or_are_refused) {
  label_map map;
  map.classes = {"a", "bb", "ccc"};
  sectioned_file file;
  map.save(file);
  const std::string good = file.text("labels");
  const random_stream random(3, random_purpose::test);
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    std::string bad = good;
    if (i % 2 == 0) bad.resize(random.below(3 * i, bad.size()));
    if (!bad.empty()) bad[random.below(3 * i + 1, bad.size())] = static_cast<char>(random.word(i));
    file.put("labels", bad);
    try {
      label_map::load(file);
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::data));
      ++refused;
    }
  }
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
