#pragma once

#include <cstdint>
#include <vector>

#include "troupe/models/metrics/decision.hpp"

namespace troupe::metrics {

/// What precision, recall and F1 come from, for one class (or, with several yes-or-no outputs,
/// for the yes of one output).
struct class_count {
  std::uint64_t right = 0;      ///< rows of the class that were predicted to be
  std::uint64_t predicted = 0;  ///< rows predicted to be of the class
  std::uint64_t actual = 0;     ///< rows of the class
};

/// A metric that is one number for each class, averaged as the option `average` says:
///
///     macro     the plain mean over the classes that occur, as label or as prediction
///     weighted  the mean over classes by how often each is the label
///     binary    the class `positive` alone
///
/// Not-a-number before the first row, and where no class to be averaged occurs.
class class_score : public metric {
 public:
  /// Of one class that occurs at least once, as label or as prediction.
  using score = double (*)(const class_count&);

  class_score(const settings& options, const metric_subject& subject, const char* name,
              score of_class);

  void add(const float* outputs, std::size_t rows, std::size_t width, const float* labels,
           std::size_t label_width) final;
  double value() const final;
  void reset() final;

 private:
  enum class average { macro, weighted, binary };

  void count(std::size_t truth, std::size_t predicted);

  decision decision_;
  score of_class_;
  average average_;
  std::size_t positive_;
  std::vector<class_count> counts_;
};

/// The entry of such a metric.
metric_entry class_score_entry(const char* name, const char* summary, class_score::score of_class);

}  // namespace troupe::metrics
