// Differences damped by a power of their staleness; with the power 2:
//
//   worker, every w mini-batches:  commit D, the local updates since the last commit;
//                                  x <- c (the answer)
//   server:                        c <- c + D / (1 + tau)^power
//   in a round:                    c <- c + sum D_k: all started from the same centre, tau is 0
//
// tau counts the commits of others to the slice since the centre this worker started from. Power 0
// is downpour, power 1 is dynsgd.

#include "damped.hpp"

#include <cmath>

#include "troupe/optimizers/difference.hpp"
#include "troupe/optimizers/element_wise.hpp"

namespace {

/// The server's half: one object a slice. A round it leaves to adding_server.
class damping_server : public troupe::adding_server {
 public:
  explicit damping_server(double power) : power_(power) {}

  // One pass writes the new centre beside the old one, and is false where the payload has a number
  // that is not finite: the commit is then refused.
  bool apply(const troupe::commit_view& commit, troupe::span<const float> center,
             troupe::span<float> next) override {
    const double tau = static_cast<double>(commit.staleness);
    const float factor = static_cast<float>(std::pow(1 + tau, -power_));
    return troupe::combine(center, commit.payload, next,
                           [factor](float c, float d) { return c + factor * d; });
  }

 private:
  double power_;
};

}  // namespace

troupe::protocol_entry damped_protocol() {
  troupe::protocol_entry entry;
  entry.name = "damped";
  entry.summary = "As downpour, with each commit divided by a power of its staleness plus one.";
  entry.source = "an example";
  entry.default_window = 5;
  entry.options = {
      troupe::declare::number("power", "how fast commits lose weight with their staleness", 2)
          .at_least(0)};
  entry.make_worker = [](const troupe::protocol_setup& setup) {
    // D itself; per_mini_batch() would make it D / m, as adag has it.
    return troupe::make_difference_worker(setup.window, troupe::whole_window());
  };
  entry.make_server = [](const troupe::protocol_setup& setup, const troupe::slice_range&) {
    return std::make_unique<damping_server>(setup.options.number("power"));
  };
  return entry;
}
