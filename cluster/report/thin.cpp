#include "troupe/cluster/report/thin.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace troupe::page {

namespace {

/// Their differences and products are then numbers, too.
constexpr double largest = 1e300;

/// First, lowest, highest and last of the moments from `begin` to `end`, which are finite.
void keep_extremes(const std::vector<moment>& all, std::size_t begin, std::size_t end,
                   std::vector<moment>& out) {
  std::size_t low = begin, high = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if (all[i].value < all[low].value) low = i;
    if (all[i].value > all[high].value) high = i;
  }
  std::size_t kept[] = {begin, std::min(low, high), std::max(low, high), end - 1};
  const auto last = std::unique(std::begin(kept), std::end(kept));
  for (auto at = std::begin(kept); at != last; ++at) out.push_back(all[*at]);
}

std::vector<moment> by_steps(const std::vector<moment>& all, axis along, double step) {
  std::vector<moment> out;
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t begin = i;
    if (!finite(all[i])) {
      while (i < all.size() && !finite(all[i])) ++i;
      out.push_back(all[begin]);
      continue;
    }
    const double bin = std::floor(all[i].*along / step);
    while (i < all.size() && finite(all[i]) && std::floor(all[i].*along / step) == bin) ++i;
    keep_extremes(all, begin, i, out);
  }
  return out;
}

}  // namespace

bool finite(const moment& m) {
  return std::abs(m.time) < largest && std::abs(m.rows) < largest && std::abs(m.value) < largest;
}

std::vector<moment> thinned(const std::vector<moment>& all, axis along, std::size_t most) {
  most = std::max<std::size_t>(most, 4);
  if (all.size() <= most) return all;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const moment& m : all) {
    if (!finite(m)) continue;
    low = std::min(low, m.*along);
    high = std::max(high, m.*along);
  }
  const double width = high > low ? high - low : 1;
  // A run that went back passes the same steps again, and gaps cut them: then they are widened.
  for (double steps = std::ceil(static_cast<double>(most) / 4); steps >= 1; steps /= 2) {
    std::vector<moment> out = by_steps(all, along, width / steps * (1 + 1e-12));
    if (out.size() <= most + 4) return out;
  }
  // Gaps alone are too many: nothing but the extremes of equal parts can be kept.
  std::vector<moment> numbers, out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(numbers), finite);
  const std::size_t parts = most / 4;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t begin = numbers.size() * i / parts, end = numbers.size() * (i + 1) / parts;
    if (end > begin) keep_extremes(numbers, begin, end, out);
  }
  return out;
}

std::vector<gathered> gather(const std::vector<moment>& all, axis along, double step) {
  std::vector<moment> numbers;
  std::copy_if(all.begin(), all.end(), std::back_inserter(numbers), finite);
  std::vector<gathered> out;
  for (std::size_t i = 0; i < numbers.size();) {
    const double bin = std::floor(numbers[i].*along / step);
    gathered sum{{0, 0, 0}, numbers[i].value, numbers[i].value};
    double count = 0;
    for (; i < numbers.size() && std::floor(numbers[i].*along / step) == bin; ++i) {
      sum.mean.time += numbers[i].time;
      sum.mean.rows += numbers[i].rows;
      sum.mean.value += numbers[i].value;
      sum.low = std::min(sum.low, numbers[i].value);
      sum.high = std::max(sum.high, numbers[i].value);
      ++count;
    }
    sum.mean = {sum.mean.time / count, sum.mean.rows / count, sum.mean.value / count};
    out.push_back(sum);
  }
  return out;
}

}  // namespace troupe::page
