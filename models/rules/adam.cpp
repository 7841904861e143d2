#include "troupe/models/rules/adam.hpp"

#include <cmath>

namespace troupe::rules {

std::vector<setting> adam_rule::declared() {
  return {share_option("beta_1", "share of the mean gradient kept at each step", 0.9),
          share_option("beta_2", "share of the mean squared gradient kept at each step", 0.999),
          epsilon_option()};
}

adam_rule::adam_rule(const settings& options, std::size_t count, bool decoupled)
    : base(options, count, 2),
      beta_1_(options.number("beta_1")),
      beta_2_(options.number("beta_2")),
      epsilon_(static_cast<float>(options.number("epsilon"))),
      decoupled_(decoupled) {}

void adam_rule::take(span<float> x, span<float> g, double fraction) {
  pass p = begin(x, g, fraction);
  // Plain Adam keeps all of x here, and its weight decay in the gradient.
  float kept = 1;
  if (decoupled_) {
    kept -= p.rate * p.decay;
    p.decay = 0;
  }
  const auto t = static_cast<double>(steps());
  const double correction = std::sqrt(1 - std::pow(beta_2_, t)) / (1 - std::pow(beta_1_, t));
  const auto rate = static_cast<float>(static_cast<double>(p.rate) * correction);
  const auto b1 = static_cast<float>(beta_1_), rest1 = static_cast<float>(1 - beta_1_);
  const auto b2 = static_cast<float>(beta_2_), rest2 = static_cast<float>(1 - beta_2_);
  const float epsilon = epsilon_;
  float* __restrict to = x.data();
  const float* __restrict from = g.data();
  float* __restrict m = slot(0);
  float* __restrict v = slot(1);
  for (std::size_t i = 0, n = count(); i < n; ++i) {
    const float d = p(from[i], to[i]);
    m[i] = b1 * m[i] + rest1 * d;
    v[i] = b2 * v[i] + rest2 * d * d;
    to[i] = kept * to[i] - rate * m[i] / (std::sqrt(v[i]) + epsilon);
  }
}

// Keras 2.2's rate: 0.001.
rule_entry adam() {
  return {"adam", "Steps scaled by running means of the gradient and its square (Kingma, Ba 2015).",
          options_with(0.001, adam_rule::declared()), maker<adam_rule>()};
}

}  // namespace troupe::rules
