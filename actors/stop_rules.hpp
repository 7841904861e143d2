#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "troupe/actors/messages/local.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

/// When a run ends before its last epoch, and which evaluated model is the best. No CAF.
class stop_rules {
 public:
  explicit stop_rules(const stop_spec& rules) : rules_(rules) {}

  /// An evaluation is in: whether it is the best so far (the lowest loss).
  bool add(const score& evaluated);

  /// Why to stop, in the words of summary.json's `stopped_by`; nothing: go on.
  std::optional<std::string> after_evaluation() const;
  std::optional<std::string> after_seconds(double seconds) const;

  const snapshot_ptr& best() const noexcept { return best_; }

  /// All but the best model, to be kept; and back, with that. \throws error (data) for what `image`
  /// did not write.
  nlohmann::json image() const;
  void restore(const nlohmann::json& from, snapshot_ptr best);

 private:
  stop_spec rules_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  snapshot_ptr best_;
  std::uint32_t without_improvement_ = 0;
  score last_;
};

/// A metric of a score by its name; not-a-number where it is not among them.
double metric_of(const score& s, const std::string& name);

}  // namespace troupe
