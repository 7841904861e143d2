#include <cmath>
#include <cstdint>

#include "troupe/models/metrics/decision.hpp"

namespace troupe::metrics {

namespace {

class accuracy_metric : public metric {
 public:
  explicit accuracy_metric(const metric_subject& subject) : decision_(subject, "accuracy") {}

  void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
           std::size_t label_width) override {
    if (decision_.by_class()) {
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t truth = decision_.true_class(labels + r * label_width, label_width);
        right_ +=
            truth != decision::none && truth == decision_.predicted_class(outputs + r * width);
      }
      decided_ += rows;
    } else {
      for (std::size_t i = 0; i < rows * width; ++i) {
        right_ += !std::isnan(outputs[i]) &&
                  decision_.predicts_yes(outputs[i]) == decision_.is_yes(labels[i]);
      }
      decided_ += rows * width;
    }
  }
  double value() const override {
    return static_cast<double>(right_) / static_cast<double>(decided_);
  }
  void reset() override { right_ = decided_ = 0; }

 private:
  decision decision_;
  std::uint64_t right_ = 0, decided_ = 0;
};

}  // namespace

metric_entry accuracy() {
  return {"accuracy",
          "Share of rows of the right class; of right outputs where each is a yes or no.",
          {},
          true,
          [](const settings&, const metric_subject& subject) -> std::unique_ptr<metric> {
            return std::make_unique<accuracy_metric>(subject);
          }};
}

}  // namespace troupe::metrics
