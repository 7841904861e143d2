// Nadam (Dozat: Incorporating Nesterov momentum into Adam, 2016), as Keras 2.2 writes it, with
// mu_t = beta_1 (1 - 0.96^(t schedule_decay) / 2) and M_t = mu_1 mu_2 ... mu_t:
//   m <- beta_1 m + (1 - beta_1) g,   v <- beta_2 v + (1 - beta_2) g^2,
//   s = (1 - mu_t) g / (1 - M_t) + mu_{t+1} m / (1 - M_{t+1}),
//   x <- x - rate s / (sqrt(v / (1 - beta_2^t)) + epsilon).
// Keras 2.2's rate 0.002, beta_1 0.9, beta_2 0.999, epsilon 1e-7, schedule_decay 0.004.

#include <cmath>

#include "troupe/models/rules/adam.hpp"

namespace troupe::rules {

namespace {

class nadam_rule : public base {
 public:
  nadam_rule(const settings& options, std::size_t count)
      : base(options, count, 2),
        beta_1_(options.number("beta_1")),
        beta_2_(options.number("beta_2")),
        schedule_decay_(options.number("schedule_decay")),
        epsilon_(static_cast<float>(options.number("epsilon"))) {}

  void take(span<float> x, span<float> g, double fraction) override {
    const pass p = begin(x, g, fraction);
    const std::uint64_t t = steps();
    const double now = product_until(t), next = momentum(t + 1);
    const auto of_g = static_cast<float>((1 - momentum(t)) / (1 - now));
    const auto of_m = static_cast<float>(next / (1 - now * next));
    const auto of_v = static_cast<float>(1 / (1 - std::pow(beta_2_, static_cast<double>(t))));
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
      to[i] -= p.rate * (of_g * d + of_m * m[i]) / (std::sqrt(of_v * v[i]) + epsilon);
    }
  }

 private:
  double momentum(std::uint64_t t) const {
    return beta_1_ * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * schedule_decay_));
  }

  /// M_t. It follows from the step counter alone, so a checkpoint need not hold it; after
  /// `set_steps` it is multiplied up anew, as far as it is not 0.
  double product_until(std::uint64_t t) {
    if (product_steps_ > t) {
      product_ = 1;
      product_steps_ = 0;
    }
    while (product_steps_ < t && product_ > 0) product_ *= momentum(++product_steps_);
    product_steps_ = t;
    return product_;
  }

  double beta_1_, beta_2_, schedule_decay_;
  float epsilon_;
  double product_ = 1;
  std::uint64_t product_steps_ = 0;
};

}  // namespace

rule_entry nadam() {
  std::vector<setting> own = adam_rule::declared();
  own.push_back(
      declare::number("schedule_decay", "how fast the momentum nears beta_1", 0.004).at_least(0));
  return {"nadam", "Adam with Nesterov's momentum (Dozat 2016).",
          options_with(0.002, std::move(own)), maker<nadam_rule>()};
}

}  // namespace troupe::rules
