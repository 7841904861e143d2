// With d = p - y: loss = mean over outputs of d^2 / 2 where |d| <= 1, |d| - 1/2 beyond (Huber
// 1964).

#include "troupe/models/losses/element_wise.hpp"

namespace troupe::losses {

namespace {

struct terms {
  template <class P, class Y>
  static auto value(const P& p, const Y& y) {
    return ((p - y).abs() <= 1.0f).select(0.5f * (p - y).square(), (p - y).abs() - 0.5f);
  }
  template <class P, class Y>
  static auto slope(const P& p, const Y& y) {
    return ((p - y).abs() <= 1.0f).select(p - y, (p - y).sign());
  }
};

}  // namespace

loss_entry huber() {
  return {"huber", "Squared for differences within 1, absolute beyond: outliers pull less.",
          label_use::values, [] { return std::make_unique<element_wise_loss<terms>>(); }};
}

}  // namespace troupe::losses
