// Adamax (Kingma, Ba: Adam, ICLR'15, section 7.1):
//   m <- beta_1 m + (1 - beta_1) g,   u <- max(beta_2 u, |g|),
//   x <- x - rate / (1 - beta_1^t) m / (u + epsilon).
// Keras 2.2's rate 0.002, beta_1 0.9, beta_2 0.999, epsilon 1e-7.

#include <cmath>

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class adamax_rule : public base {
 public:
  adamax_rule(const settings& options, std::size_t count)
      : base(options, count, 2),
        beta_1_(options.number("beta_1")),
        beta_2_(options.number("beta_2")),
        epsilon_(static_cast<float>(options.number("epsilon"))) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const auto b1 = static_cast<float>(beta_1_), rest1 = static_cast<float>(1 - beta_1_);
    const auto b2 = static_cast<float>(beta_2_);
    const auto correction = 1 - std::pow(beta_1_, static_cast<double>(steps()));
    const auto rate = static_cast<float>(static_cast<double>(p.rate) / correction);
    const float epsilon = epsilon_;
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    float* __restrict m = slot(0);
    float* __restrict u = slot(1);
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      const float d = p(from[i], to[i]);
      m[i] = b1 * m[i] + rest1 * d;
      const float kept = b2 * u[i], size = std::fabs(d);
      u[i] = kept < size ? size : kept;
      to[i] -= rate * m[i] / (u[i] + epsilon);
    }
  }

 private:
  double beta_1_, beta_2_;
  float epsilon_;
};

}  // namespace

rule_entry adamax() {
  return {
      "adamax", "Adam with the infinity norm (Kingma, Ba, ICLR'15, section 7.1).",
      options_with(
          0.002, {share_option("beta_1", "share of the mean gradient kept at each step", 0.9),
                  share_option("beta_2", "share of the largest gradient kept at each step", 0.999),
                  epsilon_option()}),
      maker<adamax_rule>()};
}

}  // namespace troupe::rules
