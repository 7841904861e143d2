#include "troupe/models/metric.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "troupe/base/error.hpp"
#include "troupe/base/random.hpp"
#include "troupe/models/metric_set.hpp"
#include "troupe/models/metrics/builtin.hpp"

using namespace troupe;

namespace {

using floats = std::vector<float>;
const float nan_float = std::numeric_limits<float>::quiet_NaN();
const auto tightly = boost::test_tools::tolerance(1e-9);

std::unique_ptr<metric> make(const std::string& name, label_use use, std::size_t width,
                             const settings& given = {}) {
  const auto known = builtin_metrics();
  const metric_entry& entry = known.at(name, "", "metric");
  return entry.make(resolve(entry.options, given, {}, name), {use, width});
}

void add(metric& m, const floats& outputs, std::size_t rows, const floats& labels) {
  m.add(outputs.data(), rows, outputs.size() / rows, labels.data(), labels.size() / rows);
}

double classes(const std::string& name, std::size_t width, const floats& outputs,
               const floats& labels, const settings& given = {}) {
  const auto m = make(name, label_use::classes, width, given);
  add(*m, outputs, outputs.size() / width, labels);
  return m->value();
}

double single(const std::string& name, label_use use, const floats& outputs, const floats& labels,
              const settings& given = {}) {
  const auto m = make(name, use, 1, given);
  add(*m, outputs, outputs.size(), labels);
  return m->value();
}

/// Outputs that decide for the given classes.
floats deciding(const std::vector<std::size_t>& decisions, std::size_t width) {
  floats out(decisions.size() * width, 0.1f);
  for (std::size_t r = 0; r < decisions.size(); ++r) out[r * width + decisions[r]] = 0.8f;
  return out;
}

// True and predicted classes of eight rows; class 3 never occurs. Counts (right, predicted,
// actual): class 0 (2, 3, 3), class 1 (1, 2, 2), class 2 (2, 3, 3).
const floats true_classes{0, 0, 0, 1, 1, 2, 2, 2};
const std::vector<std::size_t> predicted_classes{0, 0, 1, 1, 2, 2, 2, 0};

}  // namespace

BOOST_AUTO_TEST_SUITE(metric_suite)

BOOST_AUTO_TEST_CASE(accuracy_of_classes) {
  BOOST_TEST(classes("accuracy", 4, deciding(predicted_classes, 4), true_classes) == 5.0 / 8,
             tightly);
  // One-hot labels say the same; the first among equals wins; what is no number is never right.
  BOOST_TEST(classes("accuracy", 2, {0.5f, 0.5f, 0.2f, 0.8f}, {1, 0, 0, 1}) == 1.0, tightly);
  BOOST_TEST(classes("accuracy", 2, {0, 1, nan_float, nan_float}, {1, 0}) == 0.5, tightly);
}

BOOST_AUTO_TEST_CASE(accuracy_of_single_outputs) {
  BOOST_TEST(single("accuracy", label_use::binary, {0.4f, 0.6f, 0.5f, 0.9f}, {0, 1, 1, 0}) == 0.5,
             tightly);
  BOOST_TEST(single("accuracy", label_use::signs, {0.4f, -0.6f, -2, 3}, {1, 1, -1, 1}) == 0.75,
             tightly);
  BOOST_TEST(single("accuracy", label_use::binary, {nan_float, 0.1f}, {0, 0}) == 0.5, tightly);
  // Several yes-or-no outputs: the share of right ones.
  const auto m = make("accuracy", label_use::binary, 2);
  add(*m, {0.9f, 0.1f, 0.9f, 0.9f}, 2, {1, 0, 1, 0});
  BOOST_TEST(m->value() == 0.75, tightly);
}

BOOST_AUTO_TEST_CASE(top_k_counts_the_k_most_likely) {
  const floats outputs{0.1f, 0.4f, 0.3f, 0.2f, 0.25f, 0.25f, 0.25f, 0.25f};
  const auto top = [&](std::int64_t k, const floats& labels) {
    return classes("top_k_accuracy", 4, outputs, labels, {{"k", k}});
  };
  BOOST_TEST(top(1, {1, 0}) == 1.0, tightly);
  BOOST_TEST(top(2, {3, 1}) == 0.5, tightly);
  BOOST_TEST(top(2, {2, 2}) == 0.5, tightly);
  BOOST_TEST(top(3, {3, 3}) == 0.5, tightly);
  BOOST_TEST(top(4, {0, 3}) == 1.0, tightly);
  BOOST_CHECK_THROW(top(5, {0, 0}), error);
  BOOST_CHECK_THROW(make("top_k_accuracy", label_use::binary, 8), error);
}

BOOST_AUTO_TEST_CASE(f1_precision_and_recall_of_classes) {
  const auto of = [](const char* name, const char* average, std::int64_t positive = 1) {
    return classes(name, 4, deciding(predicted_classes, 4), true_classes,
                   {{"average", std::string(average)}, {"positive", positive}});
  };
  // Here prediction and truth have the same counts, so all three agree class by class.
  for (const char* name : {"f1", "precision", "recall"}) {
    BOOST_TEST(of(name, "macro") == (2.0 / 3 + 1.0 / 2 + 2.0 / 3) / 3, tightly);
    BOOST_TEST(of(name, "weighted") == (3 * 2.0 / 3 + 2 * 1.0 / 2 + 3 * 2.0 / 3) / 8, tightly);
    BOOST_TEST(of(name, "binary", 0) == 2.0 / 3, tightly);
    BOOST_TEST(std::isnan(of(name, "binary", 3)));
    BOOST_CHECK_THROW(of(name, "binary", 4), error);
  }
  // Without a word: the plain mean.
  BOOST_TEST(classes("f1", 4, deciding(predicted_classes, 4), true_classes) == of("f1", "macro"));
}

BOOST_AUTO_TEST_CASE(f1_precision_and_recall_of_single_outputs) {
  // Yes: 3 predicted, 4 actual, 2 right. No: 3 predicted, 2 actual, 1 right.
  const floats outputs{0.9f, 0.8f, 0.7f, 0.2f, 0.1f, 0.3f}, labels{1, 1, 0, 1, 1, 0};
  const auto of = [&](const char* name, const char* average) {
    return single(name, label_use::binary, outputs, labels, {{"average", std::string(average)}});
  };
  BOOST_TEST(of("precision", "binary") == 2.0 / 3, tightly);
  BOOST_TEST(of("recall", "binary") == 0.5, tightly);
  BOOST_TEST(of("f1", "binary") == 4.0 / 7, tightly);
  BOOST_TEST(of("f1", "macro") == (4.0 / 7 + 2.0 / 5) / 2, tightly);
  BOOST_TEST(of("recall", "weighted") == (4 * 0.5 + 2 * 0.5) / 6, tightly);
  // Signs decide at 0.
  BOOST_TEST(single("f1", label_use::signs, {0.1f, -1, 2}, {1, 1, -1},
                    {{"average", std::string("binary")}}) == 0.5,
             tightly);
  // Never predicted, never occurring: 0 where the other half exists.
  const settings binary{{"average", std::string("binary")}};
  BOOST_TEST(single("precision", label_use::binary, {0.1f}, {1}, binary) == 0.0);
  BOOST_TEST(single("recall", label_use::binary, {0.9f}, {0}, binary) == 0.0);
  BOOST_TEST(single("f1", label_use::binary, {0.9f}, {0}, binary) == 0.0);
  BOOST_TEST(std::isnan(single("f1", label_use::binary, {0.1f}, {0}, binary)));
  // Two yes-or-no outputs a row: each is a class of its own.
  const auto m = make("f1", label_use::binary, 2);
  add(*m, {0.9f, 0.9f, 0.1f, 0.9f}, 2, {1, 0, 1, 1});
  BOOST_TEST(m->value() == (2.0 / 3 + 2.0 / 3) / 2, tightly);
}

BOOST_AUTO_TEST_CASE(auc_counts_pairs_with_ties_as_halves) {
  const auto auc = [](const floats& scores, const floats& labels) {
    return single("auc", label_use::binary, scores, labels);
  };
  BOOST_TEST(auc({0.1f, 0.4f, 0.35f, 0.8f}, {0, 0, 1, 1}) == 0.75, tightly);
  BOOST_TEST(auc({0.1f, 0.2f, 0.8f, 0.9f}, {0, 0, 1, 1}) == 1.0, tightly);
  BOOST_TEST(auc({0.5f, 0.5f, 0.5f}, {0, 1, 1}) == 0.5, tightly);
  BOOST_TEST(auc({0.5f, 0.5f, 0.9f}, {0, 1, 1}) == 0.75, tightly);
  BOOST_TEST(std::isnan(auc({0.5f, 0.6f}, {1, 1})));
  BOOST_TEST(std::isnan(auc({0.5f, nan_float}, {1, 0})));
  BOOST_TEST(single("auc", label_use::signs, {-3, 2, -1, 4}, {-1, 1, 1, -1}) == 0.5, tightly);
  BOOST_TEST(
      classes("auc", 2, {0.9f, 0.1f, 0.6f, 0.4f, 0.65f, 0.35f, 0.2f, 0.8f}, {0, 0, 1, 1}) == 0.75,
      tightly);
  // Three classes: each against the rest, 1 and 3/4 and 1/4.
  BOOST_TEST(classes("auc", 3, {0.8f, 0.1f, 0.1f, 0.2f, 0.3f, 0.2f, 0.2f, 0.3f, 0.1f}, {0, 1, 2}) ==
                 (1 + 0.75 + 0.25) / 3,
             tightly);
}

BOOST_AUTO_TEST_CASE(auc_is_the_share_of_pairs_in_order) {
  const random_stream stream(5, random_purpose::test);
  floats scores, labels;
  for (std::size_t i = 0; i < 300; ++i) {
    scores.push_back(static_cast<float>(stream.word(2 * i) % 40) / 40);
    labels.push_back(static_cast<float>(stream.word(2 * i + 1) % 2));
  }
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] <= labels[j]) continue;
      pairs += 1;
      won += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
    }
  }
  BOOST_TEST(single("auc", label_use::binary, scores, labels) == won / pairs, tightly);
}

BOOST_AUTO_TEST_CASE(the_confusion_matrix_is_a_table) {
  const auto m = make("confusion_matrix", label_use::classes, 4);
  add(*m, deciding(predicted_classes, 4), 8, true_classes);
  BOOST_TEST((m->table() == std::vector<double>{2, 1, 0, 0, 0, 1, 1, 0, 1, 0, 2, 0, 0, 0, 0, 0}));
  BOOST_TEST(std::isnan(m->value()));
  m->reset();
  BOOST_TEST((m->table() == std::vector<double>(16)));
  const auto yes_or_no = make("confusion_matrix", label_use::binary, 1);
  add(*yes_or_no, {0.9f, 0.2f, 0.8f, nan_float}, 4, {1, 1, 0, 0});
  BOOST_TEST((yes_or_no->table() == std::vector<double>{0, 1, 1, 1}));
  BOOST_CHECK_THROW(make("confusion_matrix", label_use::binary, 2), error);
}

BOOST_AUTO_TEST_CASE(differences_are_averaged_over_all_outputs) {
  const floats outputs{1, 2, 3, 4}, labels{1, 4, 2, 0};
  const auto of = [&](const char* name) {
    const auto m = make(name, label_use::values, 2);
    add(*m, outputs, 2, labels);
    return m->value();
  };
  BOOST_TEST(of("mean_absolute_error") == 7.0 / 4, tightly);
  BOOST_TEST(of("mean_squared_error") == 21.0 / 4, tightly);
  BOOST_TEST(of("root_mean_squared_error") == std::sqrt(21.0 / 4), tightly);
  // A class is 1 for its output and 0 for the others.
  BOOST_TEST(classes("mean_absolute_error", 2, {0.25f, 0.75f}, {1}) == 0.25, tightly);
}

BOOST_AUTO_TEST_CASE(every_metric_starts_undefined_adds_up_and_can_be_reset) {
  const auto known = builtin_metrics();
  for (const metric_entry& entry : known.entries()) {
    const auto whole = make(entry.name, label_use::classes, 6);
    const auto parts = make(entry.name, label_use::classes, 6);
    BOOST_TEST(std::isnan(whole->value()), entry.name);
    const floats outputs = deciding(predicted_classes, 6);
    add(*whole, outputs, 8, true_classes);
    for (std::size_t r = 0; r < 8; ++r) parts->add(&outputs[r * 6], 1, 6, &true_classes[r], 1);
    BOOST_TEST((whole->value() == parts->value() ||
                (std::isnan(whole->value()) && whole->table() == parts->table())),
               entry.name);
    whole->reset();
    BOOST_TEST(std::isnan(whole->value()), entry.name);
  }
}

BOOST_AUTO_TEST_CASE(a_metric_of_classes_means_nothing_for_values) {
  for (const char* name : {"accuracy", "f1", "auc", "confusion_matrix"}) {
    try {
      make(name, label_use::values, 1);
      BOOST_ERROR("nothing was thrown for " << name);
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::job));
      BOOST_TEST(e.message().find(name) == 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_set_of_metrics_names_the_place_of_what_does_not_fit) {
  const auto known = model_catalogue::builtin();
  model_summary summary;
  summary.output = {3};
  summary.labels = label_use::classes;
  model_spec spec;
  spec.metrics = {{"accuracy", {}}, {"f1", {{"average", std::string("weighted")}}}};
  const auto made = make_metrics(spec, summary, known);
  BOOST_TEST(made.size() == 2u);
  BOOST_TEST(made[1].name == "f1");
  BOOST_TEST(made[1].higher_is_better);
  spec.metrics.push_back({"top_k_accuracy", {}});
  BOOST_CHECK_EXCEPTION(make_metrics(spec, summary, known), error, [](const error& e) {
    return e.place() == "model.metrics.2" &&
           e.message() == "'k' is 5 but the model has only 3 outputs";
  });
}

BOOST_AUTO_TEST_SUITE_END()
