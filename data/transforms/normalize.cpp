#include <algorithm>
#include <cmath>

#include "troupe/data/pipeline.hpp"

namespace troupe {

namespace {

/// Divides each row by its norm: the sum of magnitudes (l1), the Euclidean length (l2), or the
/// largest magnitude (max). A row of zeros stays.
class normalize : public transform {
 public:
  explicit normalize(const settings& options) : norm_(options.text("norm")) {}

  std::vector<std::size_t> output(const std::vector<std::size_t>& input) override {
    volume_ = 1;
    for (const std::size_t extent : input) volume_ *= extent;
    return input;
  }
  void apply(float* rows, std::size_t count) const override {
    for (std::size_t r = 0; r < count; ++r) {
      float* row = rows + r * volume_;
      const double norm = norm_of(row);
      if (norm == 0) continue;
      const double scale = 1 / norm;
      for (std::size_t c = 0; c < volume_; ++c) row[c] = static_cast<float>(row[c] * scale);
    }
  }

 private:
  /// In double: squares of floats do not overflow there.
  double norm_of(const float* row) const {
    double norm = 0;
    if (norm_ == "l1") {
      for (std::size_t c = 0; c < volume_; ++c) norm += std::abs(static_cast<double>(row[c]));
    } else if (norm_ == "l2") {
      for (std::size_t c = 0; c < volume_; ++c) {
        norm += static_cast<double>(row[c]) * static_cast<double>(row[c]);
      }
      norm = std::sqrt(norm);
    } else {
      for (std::size_t c = 0; c < volume_; ++c) {
        norm = std::max(norm, std::abs(static_cast<double>(row[c])));
      }
    }
    return norm;
  }

  std::string norm_;
  std::size_t volume_ = 0;
};

}  // namespace

transform_entry normalize_transform() {
  transform_entry entry;
  entry.name = "normalize";
  entry.summary = "divides each row by its norm";
  entry.options = {declare::text("norm", "which norm", "l2").one_of({"l1", "l2", "max"})};
  entry.make = [](const settings& options) { return std::make_unique<normalize>(options); };
  return entry;
}

}  // namespace troupe
