// ADAG as in dist-keras, called AGN (accumulated gradient normalisation) in Hermans, "On scalable
// deep learning and parallelizing gradient descent", Maastricht 2017.
//
//   worker, every w mini-batches:  commit D / m, m = the mini-batches really in the window;
//                                  x <- c (the answer)
//   server:                        c <- c + D / m
//   in a round:                    c <- c + sum D_k / m_k

#include "troupe/optimizers/difference.hpp"

namespace troupe {

protocol_entry adag_protocol() {
  protocol_entry entry;
  entry.name = "adag";
  entry.overlaps = true;
  entry.aliases = {"agn"};
  entry.summary = "As downpour, with each commit divided by the mini-batches it holds.";
  entry.source =
      "Hermans, On scalable deep learning and parallelizing gradient descent, 2017 (AGN)";
  entry.default_window = 5;
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.002}"},
                       {"optimizer.communication_window", "5"}};
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, per_mini_batch());
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<adding_server>();
  };
  return entry;
}

}  // namespace troupe
