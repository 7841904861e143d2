#include <cstdint>
#include <string>

#include "troupe/base/error.hpp"
#include "troupe/models/metrics/decision.hpp"

namespace troupe::metrics {

namespace {

class top_k_metric : public metric {
 public:
  top_k_metric(const settings& options, const metric_subject& subject)
      : decision_(subject, "top_k_accuracy"), k_(static_cast<std::size_t>(options.integer("k"))) {
    if (!decision_.by_class()) {
      throw job_error("", "'top_k_accuracy' needs a loss over classes");
    }
    if (k_ > subject.width) {
      throw job_error("", "'k' is " + std::to_string(k_) + " but the model has only " +
                              std::to_string(subject.width) + " outputs");
    }
  }

  void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
           std::size_t label_width) override {
    for (std::size_t r = 0; r < rows; ++r) {
      right_ += among_best(outputs + r * width, width,
                           decision_.true_class(labels + r * label_width, label_width));
    }
    rows_ += rows;
  }
  double value() const override { return static_cast<double>(right_) / static_cast<double>(rows_); }
  void reset() override { right_ = rows_ = 0; }

 private:
  /// Among equals the earlier class ranks higher, as with accuracy.
  bool among_best(const float* outputs, std::size_t width, std::size_t truth) const {
    if (truth == decision::none || index_of_largest(outputs, width) == decision::none) return false;
    std::size_t before = 0;
    for (std::size_t i = 0; i < width; ++i) {
      before += outputs[i] > outputs[truth] || (outputs[i] == outputs[truth] && i < truth);
    }
    return before < k_;
  }

  decision decision_;
  std::size_t k_;
  std::uint64_t right_ = 0, rows_ = 0;
};

}  // namespace

metric_entry top_k_accuracy() {
  return {"top_k_accuracy",
          "Share of rows whose class is among the k most likely.",
          {declare::integer("k", "how many of the most likely classes count", 5).at_least(1)},
          true,
          [](const settings& options, const metric_subject& subject) -> std::unique_ptr<metric> {
            return std::make_unique<top_k_metric>(options, subject);
          }};
}

}  // namespace troupe::metrics
