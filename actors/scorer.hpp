#pragma once

#include <memory>
#include <vector>

#include "troupe/actors/messages/local.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/data/dataset.hpp"
#include "troupe/data/pipeline.hpp"
#include "troupe/models/catalogue.hpp"
#include "troupe/models/committee.hpp"
#include "troupe/models/metric_set.hpp"

namespace troupe {

/// How the models of a run answer together: as one, or as the ensemble that its protocol trains.
committee_spec committee_of(const run_plan& plan);

/// Scores parameters on a data set: loss and metrics, in mini-batches of a fixed size. No CAF; used
/// by the evaluator and by `troupe evaluate`. Parameters and statistics are those of all members
/// of a committee, one after the other.
class scorer {
 public:
  scorer(const model_spec& spec, const committee_spec& form, const model_catalogue& known,
         pipeline transforms);

  /// `rows` has labels. Everything of a score but its number, part and snapshot.
  score run(span<const float> parameters, span<const float> statistics, const dataset& rows);

  /// The model's outputs for all rows of a data set, rows x width.
  std::vector<float> predict(span<const float> parameters, span<const float> statistics,
                             const dataset& rows);

 private:
  void load(const dataset& rows, std::size_t first, std::size_t count);

  std::size_t batch_rows_;
  committee committee_;
  pipeline transforms_;
  std::vector<named_metric> metrics_;
  std::vector<float> features_;
};

}  // namespace troupe
