#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "troupe/base/span.hpp"
#include "troupe/models/catalogue.hpp"
#include "troupe/models/layer.hpp"
#include "troupe/models/loss.hpp"
#include "troupe/models/model_spec.hpp"

namespace troupe {

/// One line of a model's summary.
struct layer_summary {
  std::string kind;
  shape output;
  std::size_t parameters = 0;
};

struct model_summary {
  std::vector<layer_summary> layers;
  shape output;
  std::size_t parameters = 0;  ///< length of the flat parameter vector
  std::size_t statistics = 0;  ///< length of the vector of batch statistics
  /// Of each number in it, the share of the old value that one mini-batch leaves.
  std::vector<float> statistics_decay;
  label_use labels = label_use::values;
};

/// Checks that the layers fit each other and the loss fits the output.
/// \throws error (job) whose place is the path in the job: "model.layers.2", "model.loss".
model_summary describe(const model_spec& spec, const model_catalogue& catalogue);

/// Rows with their labels, borrowed. features: rows x volume(input); labels: rows x label_width.
struct batch {
  std::size_t rows = 0;
  const float* features = nullptr;
  const float* labels = nullptr;
  std::size_t label_width = 1;
};

/// What a training step saw, summed over its rows.
struct step_result {
  double loss_sum = 0;
  std::uint64_t correct = 0;  ///< rows whose class was right; 0 for losses without classes
};

/// A model at work: layers with the buffers for up to `largest_batch` rows. It owns no
/// parameters: they are one flat vector of the caller's (slices of it are what travels), and so
/// is the gradient. One thread, which is the only one it computes with. After construction
/// nothing is allocated.
class network {
 public:
  /// \throws error (job), as `describe`.
  network(const model_spec& spec, std::size_t largest_batch, const model_catalogue& catalogue);
  ~network();
  network(network&&) noexcept;
  network& operator=(network&&) noexcept;

  const model_summary& summary() const noexcept;
  std::size_t largest_batch() const noexcept;

  /// Fills both vectors with the layers' starting values; the same bits for the same seed.
  void initialise(span<float> parameters, span<float> statistics, std::uint64_t seed) const;

  /// Forward, loss, backward: sets `gradient` to d(mean loss)/d(parameters). rows <= largest_batch.
  /// \throws error (job) at model.loss where the labels are not as wide as the outputs;
  ///         std::logic_error for vectors or rows of another size than the network's.
  step_result gradient(span<const float> parameters, span<float> statistics, const batch& rows,
                       const draw& at, span<float> gradient);

  /// The model's outputs (after the final activation: probabilities for the cross-entropies),
  /// rows x width; valid until the next call.
  span<const float> predict(span<const float> parameters, span<const float> statistics,
                            const float* features, std::size_t rows);

  /// As `predict`, and the sum over rows of the loss.
  std::pair<double, span<const float>> score(span<const float> parameters,
                                             span<const float> statistics, const batch& rows);

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe
