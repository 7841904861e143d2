// Asynchronous elastic averaging SGD: Zhang, Choromanska, LeCun, "Deep learning with elastic
// averaging SGD", NIPS 2015. The exchange and its equations are in elastic.hpp; steps between
// exchanges are those of the gradient rule. In rounds it is `easgd`.

#include "troupe/optimizers/elastic.hpp"

namespace troupe {

protocol_entry aeasgd_protocol() {
  protocol_entry entry = elastic_entry(elastic_alpha);
  entry.name = "aeasgd";
  entry.overlaps = true;
  entry.summary = "Worker and centre pull each other together by a share alpha of their distance.";
  entry.default_window = 32;
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.002}"},
                       {"optimizer.communication_window", "10"}};
  entry.options = {
      elastic_alpha_option("min(0.5, 0.9 / workers)"),
      declare::number("rho",
                      "elasticity; with learning_rate another way to say alpha = rho x "
                      "learning_rate")
          .at_least(0),
      declare::number("learning_rate", "the factor of rho in alpha = rho x learning_rate").above(0),
  };
  entry.check = [](const protocol_setup& setup) -> std::string {
    const bool alpha = setup.options.has("alpha"), rho = setup.options.has("rho"),
               rate = setup.options.has("learning_rate");
    if (alpha && (rho || rate)) return "give either alpha or rho with learning_rate, not both";
    if (rho != rate) return "rho and learning_rate go together (alpha = rho x learning_rate)";
    return elastic_refusal(elastic_alpha(setup));
  };
  return entry;
}

}  // namespace troupe
