#pragma once

#include <cstdint>

#include "troupe/models/metric.hpp"

namespace troupe::metrics {

/// The mean over all outputs of all rows of a function of output - label, and a last function of
/// that mean. A label that is a class counts as 1 for its output and 0 for the others.
class difference_metric : public metric {
 public:
  using function = double (*)(double);

  difference_metric(const metric_subject& subject, function of_each, function of_mean)
      : by_class_(subject.labels == label_use::classes), of_each_(of_each), of_mean_(of_mean) {}

  void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
           std::size_t label_width) final;
  double value() const final { return of_mean_(sum_ / static_cast<double>(count_)); }
  void reset() final;

 private:
  bool by_class_;
  function of_each_, of_mean_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

/// The entry of such a metric.
metric_entry difference_entry(const char* name, const char* summary,
                              difference_metric::function of_each,
                              difference_metric::function of_mean);

}  // namespace troupe::metrics
