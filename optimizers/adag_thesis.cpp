// ADAG as Hermans' thesis defines it ("On scalable deep learning and parallelizing gradient
// descent", Maastricht 2017, chapter 4; dist-keras keeps it as an experiment).
//
//   worker, every w mini-batches:  commit r = D / m, m = the mini-batches really in the window;
//                                  x <- c (the answer)
//   server, element-wise:          c <- c + r / ((c - c_stale)^2 / gamma + 1)
//   in a round:                    c <- c + sum r_k: all started from the same centre
//
// c_stale is the centre the worker started its window from. It does not travel: the server keeps
// what it last answered to each worker. Workers that were answered the same version share one
// copy, and the newest version is the centre itself, so the price is at most one copy of the
// parameters per worker (4 bytes x parameters x workers) and usually less.

#include "troupe/optimizers/difference.hpp"
#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

namespace {

class damping_server : public adding_server {
 public:
  explicit damping_server(double gamma) : per_gamma_(static_cast<float>(1 / gamma)) {}

  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    if (commit.base.empty()) return adding_server::apply(commit, center, next);
    const float per_gamma = per_gamma_;
    return combine(center, commit.base, commit.payload, next,
                   [per_gamma](float c, float stale, float r) {
                     const float moved = c - stale;
                     return c + r / (moved * moved * per_gamma + 1);
                   });
  }

 private:
  float per_gamma_;
};

}  // namespace

protocol_entry adag_thesis_protocol() {
  protocol_entry entry;
  entry.name = "adag_thesis";
  entry.overlaps = true;
  entry.summary =
      "As adag, with each number of a commit damped by how far the centre has moved since.";
  entry.source =
      "Hermans, On scalable deep learning and parallelizing gradient descent, 2017 (ADAG)";
  entry.default_window = 5;
  entry.keeps_base = true;
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.002}"},
                       {"optimizer.communication_window", "5"}};
  entry.options = {
      declare::number("gamma", "square of the move of the centre that halves a commit", 1e-4)
          .at_least(1e-12)};
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, per_mini_batch());
  };
  entry.make_server = [](const protocol_setup& setup, const slice_range&) {
    return std::make_unique<damping_server>(setup.options.number("gamma"));
  };
  return entry;
}

}  // namespace troupe
