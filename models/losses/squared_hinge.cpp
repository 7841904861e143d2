// loss = mean over outputs of max(0, 1 - y p)^2, y = -1 or +1.

#include "troupe/models/losses/element_wise.hpp"

namespace troupe::losses {

namespace {

struct terms {
  template <class P, class Y>
  static auto value(const P& p, const Y& y) {
    return positive_part(1.0f - y * p).square();
  }
  template <class P, class Y>
  static auto slope(const P& p, const Y& y) {
    return -2.0f * y * positive_part(1.0f - y * p);
  }
};

}  // namespace

loss_entry squared_hinge() {
  return {"squared_hinge", "Mean over outputs of max(0, 1 - y p)^2, for labels of -1 and +1.",
          label_use::signs, [] { return std::make_unique<element_wise_loss<terms>>(); }};
}

}  // namespace troupe::losses
