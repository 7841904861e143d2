#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/models/loss.hpp"

namespace troupe {

/// What a metric is asked about: the labels the model's loss wants (a threshold is 0.5 for
/// label_use::binary and 0 for signs) and the width of one row of outputs.
struct metric_subject {
  label_use labels = label_use::classes;
  std::size_t width = 1;
};

/// Gathers a score over many rows. One thread.
class metric {
 public:
  virtual ~metric() = default;
  /// outputs: rows x width, *after* the final activation (probabilities for the cross-entropies);
  /// labels as in `loss::evaluate`.
  virtual void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
                   std::size_t label_width) = 0;
  /// Over all rows added so far; not-a-number before the first and where it is undefined.
  virtual double value() const = 0;
  /// For metrics that are more than one number (confusion_matrix: true class by predicted class,
  /// row by row; its value() is not-a-number); empty for the others.
  virtual std::vector<double> table() const { return {}; }
  virtual void reset() = 0;
};

struct metric_entry {
  std::string name;
  std::string summary;
  std::vector<setting> options;
  bool higher_is_better = true;
  /// Makes the metric, or throws error (job) with an empty place and the reason where it means
  /// nothing for such outputs (accuracy of a regression, say).
  std::function<std::unique_ptr<metric>(const settings& options, const metric_subject& subject)>
      make;
};

}  // namespace troupe
