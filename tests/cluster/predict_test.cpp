#include <cmath>
#include <cstdint>

#include "cluster/workspace.hpp"

using namespace troupe::testing;

namespace {

/// A prediction as it is printed: the label, then numbers.
struct answer {
  std::string label;
  std::vector<double> numbers;
};

std::vector<answer> answers_of(const std::string& text) {
  std::vector<answer> answers;
  for (const std::string& line : lines_of(text)) {
    std::istringstream in(line);
    answer a;
    in >> a.label;
    for (double p; in >> p;) a.numbers.push_back(p);
    answers.push_back(a);
  }
  return answers;
}

void check_probabilities(const std::vector<answer>& answers, std::size_t rows,
                         std::size_t classes) {
  BOOST_CHECK_EQUAL(answers.size(), rows);
  for (const answer& a : answers) {
    BOOST_REQUIRE_EQUAL(a.numbers.size(), classes);
    double sum = 0;
    for (const double p : a.numbers) sum += p;
    BOOST_CHECK_SMALL(sum - 1, 1e-4);
  }
}

/// A folder with a model of the flowers in `run`.
struct trained {
  workspace here;
  std::string model = here / "run/model.troupe";
  nlohmann::json summary;

  explicit trained(const std::string& job = "", const std::vector<std::string>& sets = {}) {
    here.write("flowers.csv", flower_rows(300, true));
    const std::string file = here.write("job.yaml", job.empty() ? flower_job(here.path()) : job);
    std::vector<std::string> arguments = {"train", file, "--quiet", "--run", here / "run"};
    for (const auto& set : sets) arguments.insert(arguments.end(), {"--set", set});
    const outcome done = run_troupe(arguments);
    BOOST_TEST_REQUIRE(done.status == 0, done.err);
    summary = here.json("run/summary.json");
  }

  outcome predict(const std::string& input, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"predict", model, "--input", input};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_troupe(arguments);
  }
};

/// 28 x 28 pictures, 8 bits each, as in the files of MNIST.
std::string pictures(std::uint32_t count) {
  std::string bytes = {0, 0, 8, 3, 0, 0, 0, static_cast<char>(count), 0, 0, 0, 28, 0, 0, 0, 28};
  for (std::uint32_t i = 0; i < count * 28 * 28; ++i) bytes += static_cast<char>(i * 7919 >> 5);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(saved_models)

BOOST_AUTO_TEST_CASE(evaluate_scores_as_training_did) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  BOOST_TEST_REQUIRE(run_troupe({"train", job, "--quiet", "--run", here / "run"}).status == 0);
  const std::string model = here / "run/model.troupe";
  const auto summary = here.json("run/summary.json");
  for (const std::vector<std::string>& data : {std::vector<std::string>{}, {"--data", job}}) {
    std::vector<std::string> arguments = {"evaluate", model, "--json"};
    arguments.insert(arguments.end(), data.begin(), data.end());
    const outcome done = run_troupe(arguments);
    BOOST_TEST_REQUIRE(done.status == 0, done.err);
    BOOST_CHECK_EQUAL(done.err, "");
    const auto scored = nlohmann::json::parse(done.out);
    BOOST_CHECK_EQUAL(scored["rows"], 200);
    BOOST_CHECK_EQUAL(scored["test_loss"].dump(), summary["test_loss"].dump());
    BOOST_CHECK_EQUAL(scored["test_accuracy"].dump(), summary["test_accuracy"].dump());
  }
  const outcome text = run_troupe({"evaluate", model});
  BOOST_CHECK_MESSAGE(text.out.find("test_accuracy") != std::string::npos, text.out);
  // Other rows: those that another seed sets aside.
  const outcome other = run_troupe({"evaluate", model, "--json", "--set", "seed=99"});
  BOOST_TEST_REQUIRE(other.status == 0, other.err);
  BOOST_CHECK(nlohmann::json::parse(other.out)["test_loss"] != summary["test_loss"]);
  check_complaint(run_troupe({"evaluate", model, "--set", "data.split=null"}), 2, "no test part");
  check_complaint(run_troupe({"evaluate", model, "--data", here / "none.yaml"}), 2, "none.yaml");
}

BOOST_AUTO_TEST_CASE(evaluate_shows_tables_over_the_classes) {
  const trained t("", {"model.metrics=[accuracy, confusion_matrix, f1]"});
  const outcome done = run_troupe({"evaluate", t.model});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  for (const char* word : {"test_f1", "test_confusion_matrix", "aster", "basil", "cress"}) {
    BOOST_CHECK_MESSAGE(done.out.find(word) != std::string::npos, word << " in " << done.out);
  }
  BOOST_CHECK_EQUAL(t.summary["test_confusion_matrix"].size(), 3u);
}

BOOST_AUTO_TEST_CASE(predict_reads_tables_with_and_without_labels) {
  const trained t;
  BOOST_REQUIRE_GT(t.summary["test_accuracy"], 0.95);
  const outcome with = t.predict(t.here.write("with.csv", flower_rows(30, true)));
  const outcome without = t.predict(t.here.write("without.csv", flower_rows(30, false)));
  BOOST_TEST_REQUIRE(with.status == 0, with.err);
  BOOST_CHECK_EQUAL(with.out, without.out);
  BOOST_CHECK_EQUAL(with.err, "");
  const auto answers = answers_of(with.out);
  check_probabilities(answers, 30, 3);
  int right = 0;
  const char* const names[] = {"aster", "basil", "cress"};
  for (int i = 0; i < 30; ++i)
    right += answers[static_cast<std::size_t>(i)].label == names[i * 7 % 3];
  BOOST_CHECK_GE(right, 28);
}

BOOST_AUTO_TEST_CASE(predict_knows_columns_by_their_names) {
  const workspace data;
  data.write(
      "flowers.csv", "id,wide,kind,high\n" + [] {
        std::string rows;
        int id = 0;
        for (const std::string& line : lines_of(flower_rows(300, true))) {
          const std::size_t a = line.find(','), b = line.find(',', a + 1);
          rows += std::to_string(id++) + "," + line.substr(0, a) + "," + line.substr(b + 1) + "," +
                  line.substr(a + 1, b - a - 1) + "\n";
        }
        return rows;
      }());
  const trained t(flower_job(data.path()),
                  {"data.train={format: csv, path: flowers.csv, header: true, label: kind, "
                   "drop: [id]}"});
  const outcome done =
      t.predict(t.here.write("new.csv", "id,wide,high\n1,0.1,5.2\n2,2.1,4.2\n3,4.1,3.3\n"));
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  const auto answers = answers_of(done.out);
  check_probabilities(answers, 3, 3);
  BOOST_CHECK_EQUAL(answers[0].label, "aster");
  BOOST_CHECK_EQUAL(answers[2].label, "cress");
}

BOOST_AUTO_TEST_CASE(predict_writes_its_output_whole) {
  const trained t;
  const std::string input = t.here.write("rows.csv", flower_rows(2000, false));
  const outcome printed = t.predict(input);
  const outcome written = t.predict(input, {"--output", t.here / "answers"});
  BOOST_TEST_REQUIRE(written.status == 0, written.err);
  BOOST_CHECK_EQUAL(written.out, "");
  BOOST_CHECK_EQUAL(t.here.read("answers"), printed.out);
  check_complaint(t.predict(input, {"--output", t.here / "none/answers"}), 1, "none/answers: ");
  process_options full;
  full.largest_file = 5000;
  t.here.write("kept", "as it was\n");
  check_complaint(
      run_troupe({"predict", t.model, "--input", input, "--output", t.here / "kept"}, full), 1,
      "kept: ");
  BOOST_CHECK_EQUAL(t.here.read("kept"), "as it was\n");
}

BOOST_AUTO_TEST_CASE(predict_refuses_rows_that_do_not_fit) {
  const trained t;
  check_complaint(t.predict(t.here / "none.csv"), 3, "none.csv: ");
  check_complaint(t.predict(t.here.write("wide.csv", "1,2,3,4,5\n")), 3, "wide.csv");
  check_complaint(t.predict(t.here.write("ragged.csv", "1,2\n1,2,3\n")), 3, "ragged.csv:2");
  check_complaint(t.predict(t.here.write("words.csv", "1,2\n1,two\n")), 3, "words.csv:2");
  check_complaint(t.predict(t.here.write("holes.csv", "1,2\n1,\n")), 3, "column 2");
  check_complaint(t.predict(t.here / "none.csv", {"--format", "cvs"}), 2, "did you mean 'csv'?");
  check_complaint(t.predict(t.here / "none.csv", {"--format", "synthetic"}), 2, "reads no files");
}

BOOST_AUTO_TEST_CASE(predict_reads_pictures) {
  const trained t(quick_job);
  const outcome done = t.predict(t.here.write("pictures", pictures(7)), {"--format", "idx"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  check_probabilities(answers_of(done.out), 7, 10);
  // The same in gzip.
  const outcome packed = t.predict(t.here.write_gz("packed", pictures(7)), {"--format", "idx"});
  BOOST_CHECK_EQUAL(packed.out, done.out);
}

BOOST_AUTO_TEST_CASE(predict_reads_sparse_rows_and_prints_the_signs_of_a_hinge) {
  const workspace data;
  std::string rows, unlabelled;
  for (int i = 0; i < 200; ++i) {
    const std::string features = i % 3 ? " 1:0.5 3:1\n" : " 2:1 4:0.25\n";
    rows += (i % 3 ? "+1" : "-1") + features;
    unlabelled += features.substr(1);
  }
  data.write("rows", rows);
  const std::string job =
      "data:\n  directory: " + data.path() +
      "\n  train: {format: libsvm, path: rows, features: 4}\n  split: {test: 0.2}\n"
      "model:\n  input: [4]\n  layers:\n    - dense: {units: 1}\n  loss: hinge\n"
      "  metrics: [accuracy]\n"
      "optimizer: {protocol: sequential, gradient_rule: {name: adam, learning_rate: 0.05}}\n"
      "training: {epochs: 10, batch_size: 10}\n";
  const trained t(job);
  const outcome done = t.predict(t.here.write("some", rows.substr(0, rows.find('\n', 60) + 1)));
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  const auto answers = answers_of(done.out);
  BOOST_REQUIRE_GE(answers.size(), 3u);
  BOOST_CHECK_EQUAL(answers[0].label, "-1");
  BOOST_CHECK_EQUAL(answers[1].label, "1");
  BOOST_REQUIRE_EQUAL(answers[0].numbers.size(), 1u);
  BOOST_CHECK_LT(answers[0].numbers[0], 0);
  const outcome bare = t.predict(t.here.write("bare", unlabelled));
  BOOST_TEST_REQUIRE(bare.status == 0, bare.err);
  BOOST_CHECK_EQUAL(answers_of(bare.out).size(), 200u);
}

BOOST_AUTO_TEST_SUITE_END()
