// Adagrad (Duchi, Hazan, Singer, JMLR 12, 2011):
//   a <- a + g^2,   x <- x - rate g / (sqrt(a) + epsilon).
// Keras 2.2's rate 0.01, epsilon 1e-7, a starting at 0.

#include <algorithm>
#include <cmath>

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class adagrad_rule : public base {
 public:
  adagrad_rule(const settings& options, std::size_t count)
      : base(options, count, 1), epsilon_(static_cast<float>(options.number("epsilon"))) {
    std::fill_n(slot(0), count, static_cast<float>(options.number("accumulator")));
  }

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const float epsilon = epsilon_;
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    float* __restrict a = slot(0);
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      const float d = p(from[i], to[i]);
      a[i] += d * d;
      to[i] -= p.rate * d / (std::sqrt(a[i]) + epsilon);
    }
  }

 private:
  float epsilon_;
};

}  // namespace

rule_entry adagrad() {
  return {"adagrad",
          "Gradients divided by the root of the sum of their squares (Duchi et al. 2011).",
          options_with(0.01, {declare::number("accumulator",
                                              "sum of squared gradients before the first step", 0.0)
                                  .at_least(0),
                              epsilon_option()}),
          maker<adagrad_rule>()};
}

}  // namespace troupe::rules
