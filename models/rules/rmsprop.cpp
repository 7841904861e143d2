// RMSProp (Tieleman, Hinton: Lecture 6.5 of Neural networks for machine learning, 2012):
//   a <- rho a + (1 - rho) g^2,   x <- x - rate g / (sqrt(a) + epsilon).
// Keras 2.2's rate 0.001, rho 0.9, epsilon 1e-7.

#include <cmath>

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class rmsprop_rule : public base {
 public:
  rmsprop_rule(const settings& options, std::size_t count)
      : base(options, count, 1),
        rho_(options.number("rho")),
        epsilon_(static_cast<float>(options.number("epsilon"))) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const auto rho = static_cast<float>(rho_), rest = static_cast<float>(1 - rho_);
    const float epsilon = epsilon_;
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    float* __restrict a = slot(0);
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      const float d = p(from[i], to[i]);
      a[i] = rho * a[i] + rest * d * d;
      to[i] -= p.rate * d / (std::sqrt(a[i]) + epsilon);
    }
  }

 private:
  double rho_;
  float epsilon_;
};

}  // namespace

rule_entry rmsprop() {
  return {
      "rmsprop", "Gradients divided by their running root mean square (Tieleman, Hinton 2012).",
      options_with(0.001, {share_option("rho", "share of the mean square kept at each step", 0.9),
                           epsilon_option()}),
      maker<rmsprop_rule>()};
}

}  // namespace troupe::rules
