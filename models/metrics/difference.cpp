#include "troupe/models/metrics/difference.hpp"

namespace troupe::metrics {

void difference_metric::add(const float* outputs, std::size_t rows, std::size_t width,
                            const float* labels, std::size_t label_width) {
  const bool by_index = by_class_ && label_width == 1 && width > 1;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < width; ++i) {
      const double wanted = by_index ? (labels[r] == static_cast<float>(i) ? 1.0 : 0.0)
                                     : static_cast<double>(labels[r * label_width + i]);
      sum_ += of_each_(static_cast<double>(outputs[r * width + i]) - wanted);
    }
  }
  count_ += rows * width;
}

void difference_metric::reset() {
  sum_ = 0;
  count_ = 0;
}

metric_entry difference_entry(const char* name, const char* summary,
                              difference_metric::function of_each,
                              difference_metric::function of_mean) {
  return {name,
          summary,
          {},
          false,
          [=](const settings&, const metric_subject& subject) -> std::unique_ptr<metric> {
            return std::make_unique<difference_metric>(subject, of_each, of_mean);
          }};
}

}  // namespace troupe::metrics
