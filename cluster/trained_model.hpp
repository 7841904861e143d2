#pragma once

#include <string>
#include <vector>

#include "troupe/config/job.hpp"
#include "troupe/data/prepare.hpp"
#include "troupe/models/committee.hpp"
#include "troupe/models/model_spec.hpp"

namespace troupe {

/// A model that has been trained, with all that is needed to use it: architecture, parameters,
/// transforms, labels, and the job it comes from. What `model.troupe` holds. An ensemble is a model
/// too: its members answer together.
struct trained_model {
  model_spec spec;
  committee_spec form;                        ///< how many members, and how they vote
  std::vector<float> parameters, statistics;  ///< of all members, one after the other
  pipeline transforms;
  label_map labels;
  std::vector<std::string> columns;  ///< of the training data, where its source names them
  std::string job_yaml;              ///< the job with every default written out
  std::string summary;               ///< summary.json of the run without its times, as text

  /// Writes the file whole or not at all. \throws error (run).
  void save(const std::string& path) const;
  /// \throws error (data) for a file that is damaged, not ours, or does not fit together.
  static trained_model load(const std::string& path, const catalogue& known);

  /// What the model says of rows of raw features (in the form of the training data, before any
  /// transform): rows x outputs(), probabilities for a classification, shares of voices where
  /// members vote hard.
  /// \throws error (data) where the rows have another shape than the training data, or a value
  ///         is missing.
  std::vector<float> predict(const dataset& rows, const catalogue& known) const;
  /// Numbers in one row of predictions.
  std::size_t outputs(const catalogue& known) const;
  /// The label a row of predictions stands for: the most probable class, or the value itself.
  std::string label_of(span<const float> prediction) const;

  /// The job it was trained with, but for its optimizer, which using a model does not need.
  /// \throws error (data) for a damaged file.
  job trained_by(const catalogue& known) const;
};

}  // namespace troupe
