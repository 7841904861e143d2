// Sigmoid and cross-entropy in one: with a logit z and a label y in [0, 1],
//   loss = -y log s(z) - (1 - y) log(1 - s(z)) = max(z, 0) - z y + log(1 + exp(-|z|)),
// d loss / d z = s(z) - y. No form of it overflows or takes the logarithm of 0.

#include "troupe/models/losses/element_wise.hpp"

namespace troupe::losses {

namespace {

struct terms {
  template <class P, class Y>
  static auto value(const P& z, const Y& y) {
    return positive_part(z) - z * y + (-z.abs()).exp().log1p();
  }
  template <class P, class Y>
  static auto slope(const P& z, const Y& y) {
    return z.logistic() - y;
  }
};

class binary_crossentropy_loss : public element_wise_loss<terms> {
 public:
  std::string fused_activation() const override { return "sigmoid"; }
};

}  // namespace

loss_entry binary_crossentropy() {
  return {"binary_crossentropy",
          "Cross-entropy of 0/1 labels, the mean over outputs, fused with a final sigmoid.",
          label_use::binary, [] { return std::make_unique<binary_crossentropy_loss>(); }};
}

}  // namespace troupe::losses
