// Gradient descent with momentum (Polyak 1964), as Keras 2.2 writes it:
//   v <- momentum v - rate g,   x <- x + v.
// Keras' rate: 0.01; its momentum is 0 unless given, 0.9 here.

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class momentum_rule : public base {
 public:
  momentum_rule(const settings& options, std::size_t count)
      : base(options, count, 1), momentum_(static_cast<float>(options.number("momentum"))) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const float mu = momentum_;
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    float* __restrict v = slot(0);
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      v[i] = mu * v[i] - p.rate * p(from[i], to[i]);
      to[i] += v[i];
    }
  }

 private:
  float momentum_;
};

}  // namespace

rule_entry momentum() {
  return {"momentum", "Gradient descent with momentum (Polyak 1964).",
          options_with(0.01,
                       {share_option("momentum", "share of the last step kept in this one", 0.9)}),
          maker<momentum_rule>()};
}

}  // namespace troupe::rules
