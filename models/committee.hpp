#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "troupe/base/span.hpp"
#include "troupe/models/float_buffer.hpp"
#include "troupe/models/metrics/decision.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

/// How the models of a committee answer together.
enum class vote_rule {
  mean,  ///< the mean of their outputs
  hard,  ///< each has one voice for what it decides; the answer is each class's share of voices
};

/// "mean", "hard"; the other way round, nothing for another word.
const char* to_text(vote_rule vote) noexcept;
std::optional<vote_rule> vote_from(const std::string& text) noexcept;

/// How many models of one architecture answer together, and how. One alone answers as it is,
/// whatever the vote.
struct committee_spec {
  std::size_t members = 1;
  vote_rule vote = vote_rule::mean;

  /// More than any job has workers.
  static constexpr std::size_t most_members = std::size_t{1} << 20;
};

/// Several parameter vectors of one architecture that answer together (an ensemble: Hansen,
/// Salamon, IEEE PAMI 12, 1990), with the buffers of one network.
///
/// A vote for yes or for a class is what the metrics call so (metrics/decision.hpp): the first of
/// the largest outputs, a probability above 0.5, a sign above 0. Hard answers are shares of voices
/// between 0 and 1, for signs between -1 and 1, so that those thresholds stand for a majority of
/// the members. A loss of plain values has no classes to vote for: there `hard` is the mean.
///
/// One thread. After construction nothing is allocated.
class committee {
 public:
  /// \throws error (job), as `describe`.
  committee(const model_spec& spec, const committee_spec& form, std::size_t largest_batch,
            const model_catalogue& catalogue);

  const model_summary& summary() const noexcept { return network_.summary(); }
  std::size_t largest_batch() const noexcept { return network_.largest_batch(); }

  /// What the members answer, rows x width, as `network::predict` does for one; valid until the
  /// next call. Both vectors hold the members' one after the other.
  /// \throws std::logic_error for vectors of another length.
  span<const float> predict(span<const float> parameters, span<const float> statistics,
                            const float* features, std::size_t rows);

  /// As `predict`, and the sum over rows of the loss of that answer (which is not the mean of the
  /// members' losses).
  /// \throws as `network::score`; error (job) at model.loss for several members and a loss whose
  ///         fused activation is neither softmax nor sigmoid.
  std::pair<double, span<const float>> score(span<const float> parameters,
                                             span<const float> statistics, const batch& rows);

 private:
  void check(std::size_t parameters, std::size_t statistics) const;
  span<const float> of_member(span<const float> all, std::size_t member) const;
  void begin(std::size_t rows);
  void add(span<const float> outputs, std::size_t rows);
  void add_votes(const float* outputs);
  span<const float> combined(std::size_t rows);
  const float* as_loss_takes(std::size_t rows);

  committee_spec form_;
  network network_;
  std::size_t width_;
  std::string loss_name_;
  std::unique_ptr<loss> loss_;
  std::optional<metrics::decision> decision_;  // where votes are hard
  std::vector<double> sums_;
  float_buffer answers_, logits_;
};

}  // namespace troupe
