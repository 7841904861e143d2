// loss = mean over outputs of (p - y)^2.

#include "troupe/models/losses/element_wise.hpp"

namespace troupe::losses {

namespace {

struct terms {
  template <class P, class Y>
  static auto value(const P& p, const Y& y) {
    return (p - y).square();
  }
  template <class P, class Y>
  static auto slope(const P& p, const Y& y) {
    return 2.0f * (p - y);
  }
};

}  // namespace

loss_entry mean_squared_error() {
  return {"mean_squared_error", "Mean over outputs of the squared difference.", label_use::values,
          [] { return std::make_unique<element_wise_loss<terms>>(); }};
}

}  // namespace troupe::losses
