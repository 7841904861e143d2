#include "troupe/data/transforms/column_sums.hpp"

namespace troupe {

std::vector<double> column_sums(const float* rows, std::size_t count, std::size_t volume) {
  std::vector<double> out(3 * volume);
  double* n = out.data();
  double* mean = n + volume;
  double* deviation = mean + volume;
  for (std::size_t r = 0; r < count; ++r) {
    const float* row = rows + r * volume;
    for (std::size_t c = 0; c < volume; ++c) {
      const bool there = row[c] == row[c];
      n[c] += there ? 1.0 : 0.0;
      mean[c] += there ? static_cast<double>(row[c]) : 0.0;
    }
  }
  for (std::size_t c = 0; c < volume; ++c) mean[c] = n[c] > 0 ? mean[c] / n[c] : 0;
  for (std::size_t r = 0; r < count; ++r) {
    const float* row = rows + r * volume;
    for (std::size_t c = 0; c < volume; ++c) {
      const double d = row[c] == row[c] ? static_cast<double>(row[c]) - mean[c] : 0.0;
      deviation[c] += d * d;
    }
  }
  return out;
}

void merge_column_sums(std::vector<double>& total, const std::vector<double>& more) {
  const std::size_t volume = total.size() / 3;
  for (std::size_t c = 0; c < volume; ++c) {
    double &n = total[c], &mean = total[volume + c], &deviation = total[2 * volume + c];
    const double other_n = more[c], both = n + other_n;
    if (both == 0) continue;
    const double apart = more[volume + c] - mean;
    mean += apart * (other_n / both);
    deviation += more[2 * volume + c] + apart * apart * (n * other_n / both);
    n = both;
  }
}

}  // namespace troupe
