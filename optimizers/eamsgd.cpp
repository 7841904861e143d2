// Elastic averaging SGD with Nesterov's momentum: Zhang, Choromanska, LeCun, "Deep learning with
// elastic averaging SGD", NIPS 2015, equation 5.
//
//   worker, every mini-batch:  v <- mu v - eta g(x + mu v);   x <- x + v
//   every w of them:           the exchange of elastic.hpp; v is the worker's own and survives it
//
// eta = learning_rate, mu = momentum. The gradient is taken ahead of x, so no other gradient rule
// fits in here.

#include <vector>

#include "troupe/models/subnormals.hpp"
#include "troupe/optimizers/elastic.hpp"

namespace troupe {

namespace {

class momentum_worker : public elastic_worker {
 public:
  momentum_worker(std::uint32_t window, double alpha, double rate, double momentum)
      : elastic_worker(window, alpha),
        rate_(static_cast<float>(rate)),
        momentum_(static_cast<float>(momentum)) {}

  void start(span<const float> x) override {
    velocity_.assign(x.size(), 0.0f);
    ahead_.resize(x.size());
  }

  span<const float> point(span<float> x) override {
    const float mu = momentum_;
    const float* from = x.data();
    for (std::size_t i = 0; i < ahead_.size(); ++i) ahead_[i] = from[i] + mu * velocity_[i];
    return {ahead_.data(), ahead_.size()};
  }

  void local_step(gradient_rule*, span<float> x, span<float> gradient, double) override {
    const subnormals_as_zero guard;
    const float rate = rate_, mu = momentum_;
    const float* g = gradient.data();
    float* to = x.data();
    for (std::size_t i = 0; i < velocity_.size(); ++i) {
      velocity_[i] = mu * velocity_[i] - rate * g[i];
      to[i] += velocity_[i];
    }
  }

 private:
  float rate_, momentum_;
  std::vector<float> velocity_, ahead_;
};

}  // namespace

protocol_entry eamsgd_protocol() {
  protocol_entry entry = elastic_entry(elastic_alpha);
  entry.name = "eamsgd";
  entry.overlaps = true;
  entry.summary = "As aeasgd, with a momentum of its own instead of a gradient rule.";
  entry.default_window = 10;
  entry.rule = rule_place::none;
  entry.recommended = {{"optimizer.learning_rate", "0.05"},
                       {"optimizer.momentum", "0.9"},
                       {"optimizer.communication_window", "10"}};
  entry.options = {
      declare::number("learning_rate", "length of a step, eta", 0.05).above(0),
      declare::number("momentum", "share of the last step kept in this one, mu", 0.9)
          .at_least(0)
          .below(1),
      elastic_alpha_option("min(0.5, 0.9 / workers)"),
      declare::number("rho", "elasticity, another way to say alpha = rho x learning_rate")
          .at_least(0),
  };
  entry.check = [](const protocol_setup& setup) -> std::string {
    if (setup.options.has("alpha") && setup.options.has("rho")) {
      return "give either alpha or rho (alpha = rho x learning_rate), not both";
    }
    return elastic_refusal(elastic_alpha(setup));
  };
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<momentum_worker>(setup.window, elastic_alpha(setup),
                                             setup.options.number("learning_rate"),
                                             setup.options.number("momentum"));
  };
  return entry;
}

}  // namespace troupe
