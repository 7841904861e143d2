// Nesterov's accelerated gradient (1983) in the form of Sutskever et al. (ICML'13) as Keras 2.2
// writes it, with x the look-ahead point at which gradients are taken:
//   v <- momentum v - rate g,   x <- x + momentum v - rate g.
// Keras' rate: 0.01; its momentum is 0 unless given, 0.9 here.

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

namespace {

class nesterov_rule : public base {
 public:
  nesterov_rule(const settings& options, std::size_t count)
      : base(options, count, 1), momentum_(static_cast<float>(options.number("momentum"))) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const float mu = momentum_;
    float* __restrict to = x.data();
    const float* __restrict from = g.data();
    float* __restrict v = slot(0);
    for (std::size_t i = 0, n = count(); i < n; ++i) {
      const float s = p.rate * p(from[i], to[i]);
      v[i] = mu * v[i] - s;
      to[i] += mu * v[i] - s;
    }
  }

 private:
  float momentum_;
};

}  // namespace

rule_entry nesterov() {
  return {"nesterov", "Nesterov's accelerated gradient (Nesterov 1983; Sutskever et al., ICML'13).",
          options_with(0.01,
                       {share_option("momentum", "share of the last step kept in this one", 0.9)}),
          maker<nesterov_rule>()};
}

}  // namespace troupe::rules
