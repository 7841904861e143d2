// ADAG as in dist-keras, called AGN (accumulated gradient normalisation) in Hermans, "On scalable
// deep learning and parallelizing gradient descent", Maastricht 2017.
//
//   worker, every w mini-batches:  commit D / m, m = the mini-batches really in the window;
//                                  x <- c (the answer)
//   server:                        c <- c + D / m

#include "troupe/optimizers/difference.hpp"

namespace troupe {

protocol_entry adag_protocol() {
  protocol_entry entry;
  entry.name = "adag";
  entry.aliases = {"agn"};
  entry.summary = "As downpour, with each commit divided by the mini-batches it holds.";
  entry.source =
      "Hermans, On scalable deep learning and parallelizing gradient descent, 2017 (AGN)";
  entry.default_window = 5;
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, [](const window_facts& window) {
      return 1.0f / static_cast<float>(std::max(window.mini_batches, 1u));
    });
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<adding_server>();
  };
  return entry;
}

}  // namespace troupe
