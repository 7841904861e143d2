#include "troupe/models/rules/rule.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace troupe::rules {

namespace {

/// In double, in lanes that a compiler keeps in vector registers: it may not reorder a plain sum.
double norm(const float* g, std::size_t count) {
  constexpr std::size_t lanes = 16;
  double sums[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) {
      const double d = static_cast<double>(g[i + j]);
      sums[j] += d * d;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return std::sqrt(total);
}

double or_infinity(const settings& options, const std::string& name) {
  return options.has(name) ? options.number(name) : std::numeric_limits<double>::infinity();
}

}  // namespace

std::vector<setting> options_with(double learning_rate, std::vector<setting> own,
                                  double weight_decay) {
  std::vector<setting> all{
      declare::number("learning_rate", "length of a step", learning_rate).at_least(0)};
  std::move(own.begin(), own.end(), std::back_inserter(all));
  for (setting& s : rate_schedule::declared()) all.push_back(std::move(s));
  all.push_back(declare::number("weight_decay", "pull of every parameter towards 0", weight_decay)
                    .at_least(0));
  all.push_back(
      declare::number("clip_norm", "a gradient longer than this is shortened to it").above(0));
  all.push_back(
      declare::number("clip_value", "each number of a gradient is kept within +- this").above(0));
  return all;
}

setting share_option(std::string name, std::string meaning, double fallback) {
  return declare::number(std::move(name), std::move(meaning), fallback).at_least(0).below(1);
}

setting epsilon_option() {
  return declare::number("epsilon", "added to the divisor, which may be 0", 1e-7).at_least(1e-12);
}

base::base(const settings& options, std::size_t count, std::size_t slots)
    : schedule_(options),
      weight_decay_(static_cast<float>(options.number("weight_decay"))),
      clip_norm_(or_infinity(options, "clip_norm")),
      clip_value_(static_cast<float>(or_infinity(options, "clip_value"))),
      count_(count),
      state_(count * slots) {}

pass base::begin(span<const float> x, span<const float> g, double fraction) {
  if (x.size() != count_ || g.size() != count_) {
    throw std::logic_error("a gradient rule for " + std::to_string(count_) + " numbers was given " +
                           std::to_string(g.size()));
  }
  ++steps_;
  float scale = 1;
  if (std::isfinite(clip_norm_)) {
    const double length = norm(g.data(), count_);
    // Written so that a gradient with a not-a-number is not taken for a short one.
    if (!(length <= clip_norm_)) scale = static_cast<float>(clip_norm_ / length);
  }
  return {static_cast<float>(schedule_.rate(fraction)), scale, clip_value_, weight_decay_};
}

}  // namespace troupe::rules
