#include "troupe/models/rules/adam.hpp"

namespace troupe::rules {

// Not in Keras 2.2; the rate 0.001 and weight_decay 0.004 are those of Keras since 2.11.
rule_entry adamw() {
  return {"adamw", "Adam with weight decay apart from the gradient (Loshchilov, Hutter 2019).",
          options_with(0.001, adam_rule::declared(), 0.004),
          [](const settings& options, std::size_t count) -> std::unique_ptr<gradient_rule> {
            return std::make_unique<adam_rule>(options, count, true);
          }};
}

}  // namespace troupe::rules
