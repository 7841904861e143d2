#pragma once

#include <cstddef>
#include <vector>

#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// The server's half of a protocol that is defined for rounds only: a commit that comes alone is a
/// round of one.
class round_server : public server_half {
 public:
  bool apply(const commit_view& commit, span<const float> center, span<float> next) final;
};

/// The mean of what a round's commits carry. Commits without rows have no weight.
class round_mean {
 public:
  enum class weight {
    rows,     ///< a commit counts by the rows it was trained on
    equally,  ///< each commit that has rows counts as one
  };

  /// Takes the mean, in the order of the commits. False where a payload has a number that is not
  /// finite, also one without rows; `culprit` is then its index.
  bool take(span<const commit_view> commits, weight by, std::size_t& culprit);

  /// Whether no commit had rows: there is no mean then.
  bool empty() const noexcept { return values_.empty(); }

  /// The mean itself; may be overwritten.
  span<float> values() noexcept { return {values_.data(), values_.size()}; }

 private:
  std::vector<float> values_;
};

}  // namespace troupe
