#pragma once

#include <memory>
#include <vector>

#include "troupe/actors/messages/local.hpp"
#include "troupe/data/dataset.hpp"
#include "troupe/data/pipeline.hpp"
#include "troupe/models/catalogue.hpp"
#include "troupe/models/metric_set.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

/// Scores parameters on a data set: loss and metrics, in mini-batches of a fixed size. No CAF; used
/// by the evaluator and by `troupe evaluate`.
class scorer {
 public:
  scorer(const model_spec& spec, const model_catalogue& known, pipeline transforms);

  /// `rows` has labels. Everything of a score but its number, part and snapshot.
  score run(span<const float> parameters, span<const float> statistics, const dataset& rows);

  /// The model's outputs for all rows of a data set, rows x width.
  std::vector<float> predict(span<const float> parameters, span<const float> statistics,
                             const dataset& rows);

 private:
  void load(const dataset& rows, std::size_t first, std::size_t count);

  static constexpr std::size_t batch_rows = 256;
  network network_;
  pipeline transforms_;
  std::vector<named_metric> metrics_;
  std::vector<float> features_;
};

}  // namespace troupe
