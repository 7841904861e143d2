#include "troupe/models/metrics/class_counts.hpp"

#include <limits>
#include <string>

#include "troupe/base/error.hpp"

namespace troupe::metrics {

class_score::class_score(const settings& options, const metric_subject& subject, const char* name,
                         score of_class)
    : decision_(subject, name),
      of_class_(of_class),
      positive_(static_cast<std::size_t>(options.integer("positive"))),
      counts_(decision_.classes()) {
  const std::string& word = options.text("average");
  average_ = word == "binary"     ? average::binary
             : word == "weighted" ? average::weighted
                                  : average::macro;
  if (average_ == average::binary && positive_ >= counts_.size()) {
    throw job_error("", "'positive' is class " + std::to_string(positive_) +
                            " but the model has only " + std::to_string(counts_.size()));
  }
}

void class_score::count(std::size_t truth, std::size_t predicted) {
  if (truth == decision::none) return;
  ++counts_[truth].actual;
  if (predicted == decision::none) return;
  ++counts_[predicted].predicted;
  counts_[truth].right += truth == predicted;
}

void class_score::add(const float* outputs, std::size_t rows, std::size_t width,
                      const float* labels, std::size_t label_width) {
  for (std::size_t r = 0; r < rows; ++r) {
    const float* output = outputs + r * width;
    const float* label = labels + r * label_width;
    if (decision_.by_class() || decision_.one_yes_or_no()) {
      count(decision_.true_class(label, label_width), decision_.predicted_class(output));
      continue;
    }
    for (std::size_t i = 0; i < width; ++i) {
      const bool yes = decision_.predicts_yes(output[i]), truth = decision_.is_yes(label[i]);
      counts_[i].predicted += yes;
      counts_[i].actual += truth;
      counts_[i].right += yes && truth;
    }
  }
}

double class_score::value() const {
  double sum = 0, weights = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const class_count& c = counts_[i];
    if (c.actual + c.predicted == 0 || (average_ == average::binary && i != positive_)) continue;
    const double weight = average_ == average::weighted ? static_cast<double>(c.actual) : 1;
    sum += weight * of_class_(c);
    weights += weight;
  }
  return weights > 0 ? sum / weights : std::numeric_limits<double>::quiet_NaN();
}

void class_score::reset() {
  counts_.assign(counts_.size(), {});
}

metric_entry class_score_entry(const char* name, const char* summary, class_score::score of_class) {
  return {name,
          summary,
          {declare::text("average", "over all classes, weighted by their rows, or of one", "macro")
               .one_of({"macro", "weighted", "binary"}),
           declare::integer("positive", "the class that counts where average is binary", 1)
               .at_least(0)},
          true,
          [=](const settings& options, const metric_subject& subject) -> std::unique_ptr<metric> {
            return std::make_unique<class_score>(options, subject, name, of_class);
          }};
}

}  // namespace troupe::metrics
