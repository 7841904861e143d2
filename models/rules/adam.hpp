#pragma once

#include "troupe/models/rules/rule.hpp"

namespace troupe::rules {

/// Adam (Kingma, Ba, ICLR'15, in the form at the end of its section 2, which Keras uses):
///
///     m <- beta_1 m + (1 - beta_1) g,   v <- beta_2 v + (1 - beta_2) g^2,
///     x <- x - rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
///
/// and with `decoupled` weight decay (AdamW: Loshchilov, Hutter, ICLR'19) also
/// x <- x - rate weight_decay x, instead of weight_decay x in the gradient.
class adam_rule : public base {
 public:
  adam_rule(const settings& options, std::size_t count, bool decoupled = false);

  void take(span<float> x, span<float> g, double fraction) override;

  /// beta_1, beta_2 and epsilon, with Keras 2.2's defaults: 0.9, 0.999, 1e-7.
  static std::vector<setting> declared();

 private:
  double beta_1_, beta_2_;
  float epsilon_;
  bool decoupled_;
};

}  // namespace troupe::rules
