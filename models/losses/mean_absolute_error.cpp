// loss = mean over outputs of |p - y|; the slope at 0 is 0.

#include "troupe/models/losses/element_wise.hpp"

namespace troupe::losses {

namespace {

struct terms {
  template <class P, class Y>
  static auto value(const P& p, const Y& y) {
    return (p - y).abs();
  }
  template <class P, class Y>
  static auto slope(const P& p, const Y& y) {
    return (p - y).sign();
  }
};

}  // namespace

loss_entry mean_absolute_error() {
  return {"mean_absolute_error", "Mean over outputs of the absolute difference.", label_use::values,
          [] { return std::make_unique<element_wise_loss<terms>>(); }};
}

}  // namespace troupe::losses
