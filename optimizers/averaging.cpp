// Parameter averaging: McDonald, Hall, Mann, "Distributed training strategies for the structured
// perceptron", NAACL 2010; with rows as weights as in McMahan et al., "Communication-efficient
// learning of deep networks from decentralized data", AISTATS 2017.
//
//   worker, at the end of a window:  commit D;  x <- c (the answer)
//   server, per round:               c <- c + sum r_k D_k / sum r_k, r_k = rows of the window
//
// Since all start a round from the same centre, c becomes the mean of the replicas.

#include "troupe/optimizers/difference.hpp"
#include "troupe/optimizers/element_wise.hpp"
#include "troupe/optimizers/rounds.hpp"

namespace troupe {

namespace {

class averaging_server : public round_server {
 public:
  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    if (!mean_.take(commits, round_mean::weight::rows, culprit)) return false;
    if (mean_.empty()) {
      keep(center, next);
    } else {
      combine(center, mean_.values(), next, [](float c, float d) { return c + d; });
    }
    return true;
  }

 private:
  round_mean mean_;
};

}  // namespace

protocol_entry averaging_protocol() {
  protocol_entry entry;
  entry.name = "averaging";
  entry.summary =
      "At the end of a window, an epoch unless told, the replicas are averaged by rows.";
  entry.source =
      "McDonald, Hall, Mann, Distributed training strategies for the structured perceptron, "
      "NAACL 2010";
  entry.default_window = epoch_window;
  entry.consistencies = {"synchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.001}"},
                       {"optimizer.communication_window", "10"}};
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, whole_window());
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<averaging_server>();
  };
  return entry;
}

}  // namespace troupe
