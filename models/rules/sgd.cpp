// Stochastic gradient descent (Robbins, Monro 1951):
//   x <- x - rate g.
// Keras 2.2's rate: 0.01.

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class sgd_rule : public base {
 public:
  sgd_rule(const settings& options, std::size_t count) : base(options, count, 0) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      to[i] -= p.rate * p(from[i], to[i]);
    }
  }
};

}  // namespace

rule_entry sgd() {
  return {"sgd", "Stochastic gradient descent (Robbins, Monro 1951).", options_with(0.01),
          maker<sgd_rule>()};
}

}  // namespace troupe::rules
