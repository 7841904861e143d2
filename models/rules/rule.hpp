#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "troupe/models/gradient_rule.hpp"
#include "troupe/models/rules/schedule.hpp"
#include "troupe/models/subnormals.hpp"

namespace troupe::rules {

/// The options of every rule: learning_rate (with its default), the schedule, weight_decay,
/// clip_norm and clip_value; then the rule's `own`. A gradient is clipped by norm first, then by
/// value; weight decay comes after clipping.
std::vector<setting> options_with(double learning_rate, std::vector<setting> own = {},
                                  double weight_decay = 0);

/// Options that several rules have: a share in [0, 1), and the small number (Keras 2.2: 1e-7) that
/// keeps a division by a root mean square from one by 0.
setting share_option(std::string name, std::string meaning, double fallback);
setting epsilon_option();

/// One pass over the gradient, as the loops of a rule see it: by value, so that the compiler
/// keeps it in registers. Comparisons are written so that not-a-number stays what it is.
struct pass {
  float rate;   ///< the scheduled learning rate
  float scale;  ///< of the gradient, from clip_norm
  float limit;  ///< clip_value; infinity: none
  float decay;  ///< weight_decay, added to the gradient as decay * x; 0 where decoupled

  float operator()(float g, float x) const noexcept {
    float d = g * scale;
    d = d < -limit ? -limit : d;
    d = d > limit ? limit : d;
    return d + decay * x;
  }
};

/// What the rules share: options, step counter, state of `slots` numbers for each parameter (slot
/// after slot, as `state` returns it).
class base : public gradient_rule {
 public:
  base(const settings& options, std::size_t count, std::size_t slots);

  void step(span<float> x, span<float> g, double fraction) final {
    const subnormals_as_zero guard;
    take(x, g, fraction);
  }
  span<float> state() final { return {state_.data(), state_.size()}; }
  std::uint64_t steps() const final { return steps_; }
  void set_steps(std::uint64_t steps) final { steps_ = steps; }

 protected:
  /// The step itself.
  virtual void take(span<float> x, span<float> g, double fraction) = 0;
  /// Counts the step and measures what clipping needs.
  /// \throws std::logic_error where x or g has another length than the rule.
  pass begin(span<const float> x, span<const float> g, double fraction);

  std::size_t count() const noexcept { return count_; }
  float* slot(std::size_t i) noexcept { return state_.data() + i * count_; }
  float weight_decay() const noexcept { return weight_decay_; }

 private:
  rate_schedule schedule_;
  float weight_decay_;
  double clip_norm_;
  float clip_value_;
  std::size_t count_;
  std::uint64_t steps_ = 0;
  std::vector<float> state_;
};

/// The function of an entry that makes a `Rule`.
template <class Rule>
auto maker() {
  return [](const settings& options, std::size_t count) -> std::unique_ptr<gradient_rule> {
    return std::make_unique<Rule>(options, count);
  };
}

}  // namespace troupe::rules
