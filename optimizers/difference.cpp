#include "troupe/optimizers/difference.hpp"

#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

namespace {

bool add(const commit_view& commit, span<const float> center, span<float> next) {
  return combine(center, commit.payload, next, [](float c, float d) { return c + d; });
}

}  // namespace

bool adding_server::apply(const commit_view& commit, span<const float> center, span<float> next) {
  return add(commit, center, next);
}

bool adding_server::apply_round(span<const commit_view> commits, span<const float> center,
                                span<float> next, std::size_t& culprit) {
  if (commits.empty()) keep(center, next);
  span<const float> from = center;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (!add(commits[i], from, next)) {
      culprit = i;
      return false;
    }
    from = next;
  }
  return true;
}

}  // namespace troupe
