// DOWNPOUR SGD: Dean et al., "Large scale distributed deep networks", NIPS 2012.
//
//   worker, every w mini-batches:  commit D = x - c_pulled;  x <- c (the answer)
//   server:                        c <- c + D
//
// D already contains the learning rate of the worker's gradient rule.

#include <fmt/format.h>

#include "troupe/optimizers/difference.hpp"

namespace troupe {

protocol_entry downpour_protocol() {
  protocol_entry entry;
  entry.name = "downpour";
  entry.summary = "Each worker adds the sum of its updates to the centre and starts again from it.";
  entry.source = "Dean et al., Large scale distributed deep networks, NIPS 2012";
  entry.default_window = 5;
  entry.warnings = [](const protocol_setup& setup) {
    std::vector<std::string> out;
    if (setup.workers >= 8) {
      out.push_back(
          fmt::format("downpour adds up the updates of all {} workers: accuracy falls from about 8 "
                      "workers on (0.93 on MNIST with 8, 0.65 with 16); adag, dynsgd or aeasgd "
                      "hold",
                      setup.workers));
    }
    return out;
  };
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, [](const window_facts&) { return 1.0f; });
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<adding_server>();
  };
  return entry;
}

}  // namespace troupe
