#include "troupe/cluster/report/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace troupe::page {

std::vector<double> round_ticks(double low, double high, int wanted) {
  if (!(high > low)) return {low};
  const double rough = (high - low) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power < rough * (1 - 1e-9)) continue;
    step = factor * power;
    break;
  }
  std::vector<double> ticks;
  const double slack = 1e-9 * (high - low);
  const double first = std::ceil((low - slack) / step);
  // Beside very large numbers a step may be nothing.
  for (int i = 0; i <= 4 * wanted && (first + i) * step <= high + slack; ++i) {
    const double tick = (first + i) * step;
    if (ticks.empty() || tick > ticks.back()) ticks.push_back(tick == 0 ? 0 : tick);  // no -0
  }
  if (ticks.empty()) ticks.push_back(low);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  if (!(low > 0) || !(high > low)) return {low};
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::floor(std::log10(high)));
  // Hundreds of decades (a run that diverged) are no more readable than a few.
  const int every = std::max(1, (last - first) / 6);
  const bool few = last - first < 3;
  std::vector<double> ticks;
  for (int power = first; power <= last; power += every) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && !few) break;
      const double tick = factor * std::pow(10.0, power);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
    }
  }
  if (ticks.empty()) ticks.push_back(low);
  return ticks;
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size >= 1e15) return fmt::format("{:.3g}", value);
  if (size >= 1e9) return fmt::format("{:.4g}G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.4g}k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

double scale::at(double value) const {
  double share = 0;
  if (!logarithmic) {
    share = (value - low) / (high - low);
  } else if (value > 0) {
    share = std::log(value / low) / std::log(high / low);
  } else {
    share = -10;
  }
  // Far outside is as far as a renderer needs to know.
  return from + std::clamp(share, -10.0, 10.0) * (to - from);
}

std::vector<double> scale::ticks(int wanted) const {
  return logarithmic ? log_ticks(low, high) : round_ticks(low, high, wanted);
}

}  // namespace troupe::page
