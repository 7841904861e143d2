#include "troupe/optimizers/rounds.hpp"

#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

bool round_server::apply(const commit_view& commit, span<const float> center, span<float> next) {
  std::size_t culprit = 0;
  return apply_round({&commit, 1}, center, next, culprit);
}

bool round_mean::take(span<const commit_view> commits, weight by, std::size_t& culprit) {
  const auto weight_of = [by](const commit_view& commit) {
    if (by == weight::rows) return static_cast<double>(commit.rows);
    return commit.rows > 0 ? 1.0 : 0.0;
  };
  double all = 0;
  for (const commit_view& commit : commits) all += weight_of(commit);
  values_.assign(commits.empty() ? 0 : commits[0].payload.size(), 0.0f);
  const span<float> mean = values();
  for (std::size_t i = 0; i < commits.size(); ++i) {
    const float share = all > 0 ? static_cast<float>(weight_of(commits[i]) / all) : 0.0f;
    if (!combine(mean, commits[i].payload, mean,
                 [share](float sum, float p) { return sum + share * p; })) {
      culprit = i;
      return false;
    }
  }
  if (all <= 0) values_.clear();
  return true;
}

}  // namespace troupe
