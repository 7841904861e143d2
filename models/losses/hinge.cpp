// loss = mean over outputs of max(0, 1 - y p), y = -1 or +1 (Cortes, Vapnik 1995).

#include "troupe/models/losses/element_wise.hpp"

namespace troupe::losses {

namespace {

struct terms {
  template <class P, class Y>
  static auto value(const P& p, const Y& y) {
    return positive_part(1.0f - y * p);
  }
  template <class P, class Y>
  static auto slope(const P& p, const Y& y) {
    return (y * p < 1.0f).select(-y, 0.0f * y);
  }
};

}  // namespace

loss_entry hinge() {
  return {"hinge", "Mean over outputs of max(0, 1 - y p), for labels of -1 and +1.",
          label_use::signs, [] { return std::make_unique<element_wise_loss<terms>>(); }};
}

}  // namespace troupe::losses
