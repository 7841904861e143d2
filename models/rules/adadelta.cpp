// Adadelta (Zeiler, arXiv:1212.5701, 2012):
//   a <- rho a + (1 - rho) g^2,   s = g sqrt(b + epsilon) / sqrt(a + epsilon),
//   b <- rho b + (1 - rho) s^2,   x <- x - rate s.
// Keras 2.2's rate 1.0, rho 0.95, epsilon 1e-7.

#include <cmath>

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class adadelta_rule : public base {
 public:
  adadelta_rule(const settings& options, std::size_t count)
      : base(options, count, 2),
        rho_(options.number("rho")),
        epsilon_(static_cast<float>(options.number("epsilon"))) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const auto rho = static_cast<float>(rho_), rest = static_cast<float>(1 - rho_);
    const float epsilon = epsilon_;
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    float* __restrict a = slot(0);
    float* __restrict b = slot(1);
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      const float d = p(from[i], to[i]);
      a[i] = rho * a[i] + rest * d * d;
      const float s = d * std::sqrt(b[i] + epsilon) / std::sqrt(a[i] + epsilon);
      b[i] = rho * b[i] + rest * s * s;
      to[i] -= p.rate * s;
    }
  }

 private:
  double rho_;
  float epsilon_;
};

}  // namespace

rule_entry adadelta() {
  return {
      "adadelta",
      "Steps scaled by the running root mean squares of steps and gradients (Zeiler 2012).",
      options_with(1.0, {share_option("rho", "share of the mean squares kept at each step", 0.95),
                         epsilon_option()}),
      maker<adadelta_rule>()};
}

}  // namespace troupe::rules
