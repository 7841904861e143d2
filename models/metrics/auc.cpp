// Area under the receiver operating characteristic: the chance that a positive row scores higher
// than a negative one, ties counting half (Hanley, McNeil 1982). Exact, from the ranks of all
// scores: AUC = (sum of the positives' ranks - n1 (n1 + 1) / 2) / (n1 n0), tied scores sharing
// their mean rank.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "troupe/models/metrics/decision.hpp"

namespace troupe::metrics {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

struct scored {
  float score;
  bool positive;
};

double area(std::vector<scored>& rows) {
  std::sort(rows.begin(), rows.end(),
            [](const scored& a, const scored& b) { return a.score < b.score; });
  double ranks = 0, positives = 0;
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first;
    double tied = 0;
    while (last < rows.size() && rows[last].score == rows[first].score) {
      tied += rows[last++].positive;
    }
    ranks += tied * (static_cast<double>(first + last) + 1) / 2;
    positives += tied;
    first = last;
  }
  const double pairs = positives * (static_cast<double>(rows.size()) - positives);
  return pairs > 0 ? (ranks - positives * (positives + 1) / 2) / pairs : undefined;
}

/// Keeps every score: rows x columns floats and bits.
class auc_metric : public metric {
 public:
  explicit auc_metric(const metric_subject& subject)
      : decision_(subject, "auc"),
        // Of two classes the second says all there is to say.
        first_(decision_.by_class() && subject.width == 2 ? 1 : 0),
        columns_(subject.width - std::min(first_, subject.width)) {}

  void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
           std::size_t label_width) override {
    for (std::size_t r = 0; r < rows; ++r) {
      const float* label = labels + r * label_width;
      const std::size_t truth =
          decision_.by_class() ? decision_.true_class(label, label_width) : decision::none;
      for (std::size_t c = first_; c < width; ++c) {
        const bool positive = decision_.by_class() ? c == truth : decision_.is_yes(label[c]);
        broken_ = broken_ || std::isnan(outputs[r * width + c]);
        rows_.push_back({outputs[r * width + c], positive});
      }
    }
  }

  double value() const override {
    if (broken_ || columns_ == 0) return undefined;
    double sum = 0, defined = 0;
    std::vector<scored> column(rows_.size() / columns_);
    for (std::size_t c = 0; c < columns_; ++c) {
      for (std::size_t r = 0; r < column.size(); ++r) column[r] = rows_[r * columns_ + c];
      const double one = area(column);
      if (std::isnan(one)) continue;
      sum += one;
      defined += 1;
    }
    return defined > 0 ? sum / defined : undefined;
  }

  void reset() override {
    rows_.clear();
    broken_ = false;
  }

 private:
  decision decision_;
  std::size_t first_, columns_;
  bool broken_ = false;
  std::vector<scored> rows_;
};

}  // namespace

metric_entry auc() {
  return {"auc",
          "Area under the ROC curve; the mean over outputs, or of each class against the rest, "
          "where there are more than two.",
          {},
          true,
          [](const settings&, const metric_subject& subject) -> std::unique_ptr<metric> {
            return std::make_unique<auc_metric>(subject);
          }};
}

}  // namespace troupe::metrics
