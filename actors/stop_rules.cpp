#include "troupe/actors/stop_rules.hpp"

#include <cmath>

#include "troupe/base/error.hpp"

namespace troupe {

double metric_of(const score& s, const std::string& name) {
  for (const auto& [known, value] : s.metrics) {
    if (known == name) return value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

bool stop_rules::add(const score& evaluated) {
  last_ = evaluated;
  last_.snapshot.reset();  // only the best one is kept
  const bool better = evaluated.loss < best_loss_;
  if (better) {
    best_loss_ = evaluated.loss;
    best_ = evaluated.snapshot;
    without_improvement_ = 0;
  } else {
    ++without_improvement_;
  }
  return better;
}

std::optional<std::string> stop_rules::after_evaluation() const {
  if (!last_.has_data) return std::nullopt;
  if (rules_.target_accuracy && metric_of(last_, "accuracy") >= *rules_.target_accuracy) {
    return "target_accuracy";
  }
  if (rules_.target_loss && last_.loss <= *rules_.target_loss) return "target_loss";
  if (rules_.patience && without_improvement_ >= *rules_.patience) return "patience";
  return std::nullopt;
}

std::optional<std::string> stop_rules::after_seconds(double seconds) const {
  if (rules_.max_seconds && seconds >= *rules_.max_seconds) return "max_seconds";
  return std::nullopt;
}

nlohmann::json stop_rules::image() const {
  return {{"best_loss", std::isfinite(best_loss_) ? nlohmann::json(best_loss_) : nullptr},
          {"without_improvement", without_improvement_}};
}

void stop_rules::restore(const nlohmann::json& from, snapshot_ptr best) {
  try {
    without_improvement_ = from.at("without_improvement");
    if (!from.at("best_loss").is_null()) best_loss_ = from.at("best_loss");
  } catch (const nlohmann::json::exception& e) {
    throw data_error("checkpoint", e.what());
  }
  best_ = std::move(best);
}

}  // namespace troupe
