// Synchronous elastic averaging SGD: Zhang, Choromanska, LeCun, "Deep learning with elastic
// averaging SGD", NIPS 2015. All replicas meet the same centre, round by round:
//
//   x_k <- x_k - alpha (x_k - c);   c <- c + alpha sum (x_k - c);   alpha = beta / n
//
// (elastic.hpp). The distance obeys d <- (1 - (n + 1) alpha) d, so (n + 1) alpha must be below 2.

#include "troupe/optimizers/elastic.hpp"

namespace troupe {

namespace {

double alpha_of(const protocol_setup& setup) {
  if (setup.options.has("alpha")) return setup.options.number("alpha");
  const double beta = setup.options.has("beta") ? setup.options.number("beta") : 0.9;
  return beta / setup.workers;
}

}  // namespace

protocol_entry easgd_protocol() {
  protocol_entry entry = elastic_entry(alpha_of);
  entry.name = "easgd";
  entry.summary = "All workers and the centre pull each other together at once, round by round.";
  entry.default_window = 10;
  entry.consistencies = {"synchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.002}"},
                       {"optimizer.communication_window", "10"}};
  entry.options = {
      elastic_alpha_option("beta / workers"),
      declare::number("beta",
                      "share of the distance that all workers together move the centre; "
                      "default 0.9")
          .at_least(0),
  };
  entry.check = [](const protocol_setup& setup) -> std::string {
    if (setup.options.has("alpha") && setup.options.has("beta")) {
      return "give either alpha or beta (alpha = beta / workers), not both";
    }
    return elastic_refusal(alpha_of(setup));
  };
  return entry;
}

}  // namespace troupe
