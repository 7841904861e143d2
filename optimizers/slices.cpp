#include "troupe/optimizers/slices.hpp"

#include <algorithm>

#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

std::vector<slice_range> cut_slices(std::size_t parameters, std::size_t slice,
                                    std::size_t servers) {
  constexpr std::size_t line = 16;
  const std::size_t lines = (parameters + line - 1) / line;
  std::size_t count = (parameters + slice - 1) / std::max<std::size_t>(slice, 1);
  count = std::min(std::max(count, servers), lines);
  std::vector<slice_range> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = lines * i / count * line;
    const std::size_t end = std::min(lines * (i + 1) / count * line, parameters);
    out.push_back({static_cast<std::uint32_t>(i), first, end - first});
  }
  return out;
}

namespace {

class statistics_server : public server_half {
 public:
  explicit statistics_server(std::uint32_t workers)
      : share_(1.0f / static_cast<float>(std::max(workers, 1u))) {}

  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    const float share = share_;
    return combine(center, commit.payload, next,
                   [share](float c, float s) { return c + share * (s - c); });
  }

  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    double rows = 0;
    for (const commit_view& commit : commits) rows += static_cast<double>(commit.rows);
    if (!(rows > 0)) {
      std::copy(center.begin(), center.end(), next.data());
      return true;
    }
    std::vector<float> mean(center.size(), 0.0f);
    for (std::size_t i = 0; i < commits.size(); ++i) {
      const auto weight = static_cast<float>(static_cast<double>(commits[i].rows) / rows);
      if (!combine(mean, commits[i].payload, mean,
                   [weight](float m, float s) { return m + weight * s; })) {
        culprit = i;
        return false;
      }
    }
    std::copy(mean.begin(), mean.end(), next.data());
    return true;
  }

 private:
  float share_;
};

}  // namespace

std::unique_ptr<server_half> make_statistics_server(std::uint32_t workers) {
  return std::make_unique<statistics_server>(workers);
}

}  // namespace troupe
