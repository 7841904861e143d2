#pragma once

#include <cstddef>

#include "troupe/models/metric.hpp"

namespace troupe::metrics {

/// How outputs and labels are read as decisions, for every metric that counts right and wrong.
///
/// Classes: the largest output (the first among equals). Binary: yes where an output is above 0.5.
/// Signs: yes where it is above 0. A not-a-number decides nothing, which is never right.
class decision {
 public:
  /// \throws error (job) with an empty place where the labels are plain values; `metric_name` is
  ///         for the message.
  decision(const metric_subject& subject, const char* metric_name);

  bool by_class() const noexcept { return subject_.labels == label_use::classes; }
  std::size_t width() const noexcept { return subject_.width; }

  /// One yes or no a row, which is a choice between two classes.
  bool one_yes_or_no() const noexcept { return !by_class() && subject_.width == 1; }

  /// Classes a row can be of: the width, or 2 for one yes or no.
  std::size_t classes() const noexcept { return one_yes_or_no() ? 2 : subject_.width; }

  /// The class of a row by its outputs or by its label; `none` where there is none. Only
  /// meaningful `by_class` and for `one_yes_or_no`.
  std::size_t predicted_class(const float* outputs) const noexcept;
  std::size_t true_class(const float* label, std::size_t label_width) const noexcept;

  /// One output and its label, not by class.
  bool predicts_yes(float output) const noexcept { return output > threshold_; }
  bool is_yes(float label) const noexcept { return label > threshold_; }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

 private:
  metric_subject subject_;
  float threshold_;
};

/// The index of the largest number, the first among equals; decision::none where one is no number.
std::size_t index_of_largest(const float* values, std::size_t count) noexcept;

}  // namespace troupe::metrics
