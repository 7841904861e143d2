// DynSGD: Jiang et al., "Heterogeneity-aware distributed parameter servers", SIGMOD 2017, in the
// form of dist-keras and Hermans' thesis.
//
//   worker, every w mini-batches:  commit D and the version it started from;  x <- c (the answer)
//   server:                        c <- c + D / (tau + 1)
//   in a round:                    c <- c + sum D_k: all started from the same centre, tau is 0
//
// tau counts the commits of others to the slice since the version the worker started from.

#include "troupe/optimizers/difference.hpp"
#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

namespace {

class dynsgd_server : public adding_server {
 public:
  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    const float factor = 1.0f / static_cast<float>(commit.staleness + 1);
    return combine(center, commit.payload, next,
                   [factor](float c, float d) { return c + d * factor; });
  }
};

}  // namespace

protocol_entry dynsgd_protocol() {
  protocol_entry entry;
  entry.name = "dynsgd";
  entry.overlaps = true;
  entry.summary = "As downpour, with each commit divided by its staleness plus one.";
  entry.source = "Jiang et al., Heterogeneity-aware distributed parameter servers, SIGMOD 2017";
  entry.default_window = 5;
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.002}"},
                       {"optimizer.communication_window", "5"}};
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, whole_window());
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<dynsgd_server>();
  };
  return entry;
}

}  // namespace troupe
