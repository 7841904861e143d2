#include <algorithm>
#include <limits>

#include "troupe/base/error.hpp"
#include "troupe/models/metrics/decision.hpp"

namespace troupe::metrics {

namespace {

class confusion_metric : public metric {
 public:
  explicit confusion_metric(const metric_subject& subject)
      : decision_(subject, "confusion_matrix"), counts_(decision_.classes() * decision_.classes()) {
    if (!decision_.by_class() && !decision_.one_yes_or_no()) {
      throw job_error("", "'confusion_matrix' needs a loss over classes, or a single output");
    }
  }

  void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
           std::size_t label_width) override {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t truth = decision_.true_class(labels + r * label_width, label_width);
      const std::size_t predicted = decision_.predicted_class(outputs + r * width);
      if (truth == decision::none || predicted == decision::none) continue;
      counts_[truth * decision_.classes() + predicted] += 1;
    }
  }
  double value() const override { return std::numeric_limits<double>::quiet_NaN(); }
  std::vector<double> table() const override { return counts_; }
  void reset() override { std::fill(counts_.begin(), counts_.end(), 0.0); }

 private:
  decision decision_;
  std::vector<double> counts_;
};

}  // namespace

metric_entry confusion_matrix() {
  return {"confusion_matrix",
          "Rows by true and predicted class: a table, not a number; a row whose outputs are not "
          "numbers is left out.",
          {},
          true,
          [](const settings&, const metric_subject& subject) -> std::unique_ptr<metric> {
            return std::make_unique<confusion_metric>(subject);
          }};
}

}  // namespace troupe::metrics
