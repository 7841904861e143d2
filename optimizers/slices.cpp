#include "troupe/optimizers/slices.hpp"

#include <algorithm>
#include <cmath>

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
  explicit statistics_server(std::vector<float> decay) : decay_(std::move(decay)) {}

  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    return mix({&commit, 1}, static_cast<double>(commit.rows), center, next) == 1;
  }

  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    double rows = 0;
    for (const commit_view& commit : commits) rows += static_cast<double>(commit.rows);
    culprit = mix(commits, rows, center, next);
    return culprit == commits.size();
  }

 private:
  /// next = c + sum (rows / all rows) (1 - d) (a - c); returns the first commit that holds a number
  /// that is not finite, else their count.
  std::size_t mix(span<const commit_view> commits, double rows, span<const float> center,
                  span<float> next) const {
    for (std::size_t i = 0; i < decay_.size(); ++i) {
      const double c = center[i];
      double sum = c;
      for (std::size_t k = 0; k < commits.size(); ++k) {
        const double a = commits[k].payload[i];
        if (!std::isfinite(a)) return k;
        const double share = rows > 0 ? static_cast<double>(commits[k].rows) / rows : 0;
        sum += share * moved_share(decay_[i], commits[k].mini_batches) * (a - c);
      }
      next[i] = static_cast<float>(sum);
    }
    return commits.size();
  }

  std::vector<float> decay_;
};

}  // namespace

double moved_share(double decay, std::uint32_t mini_batches) {
  return 1 - std::pow(decay, mini_batches);
}

std::unique_ptr<server_half> make_statistics_server(std::vector<float> decay) {
  return std::make_unique<statistics_server>(std::move(decay));
}

}  // namespace troupe
