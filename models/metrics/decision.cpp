#include "troupe/models/metrics/decision.hpp"

#include <cmath>
#include <string>

#include "troupe/base/error.hpp"

namespace troupe::metrics {

decision::decision(const metric_subject& subject, const char* metric_name)
    : subject_(subject), threshold_(subject.labels == label_use::signs ? 0.0f : 0.5f) {
  if (subject.labels == label_use::values) {
    throw job_error("", std::string("'") + metric_name +
                            "' needs labels that are classes, but the loss takes plain values");
  }
}

std::size_t decision::predicted_class(const float* outputs) const noexcept {
  if (by_class()) return index_of_largest(outputs, subject_.width);
  if (std::isnan(*outputs)) return none;
  return predicts_yes(*outputs) ? 1 : 0;
}

std::size_t decision::true_class(const float* label, std::size_t label_width) const noexcept {
  if (!by_class()) return is_yes(*label) ? 1 : 0;
  if (label_width > 1) return index_of_largest(label, label_width);
  const bool known = *label >= 0 && *label < static_cast<float>(subject_.width);
  return known ? static_cast<std::size_t>(*label) : none;
}

std::size_t index_of_largest(const float* values, std::size_t count) noexcept {
  std::size_t best = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(values[i])) return decision::none;
    if (values[i] > values[best]) best = i;
  }
  return count > 0 ? best : decision::none;
}

}  // namespace troupe::metrics
