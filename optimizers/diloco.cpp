// DiLoCo: Douillard et al., "DiLoCo: distributed low-communication training of language models",
// 2023: local training for long windows, and an outer step with Nesterov momentum in between.
//
//   worker, every w mini-batches:  commit D;  x <- c (the answer)
//   server, per round:             g = -mean(D_k);  m <- mu m + g;  c <- c - eta (g + mu m)
//
// The mean is over the workers that have trained anything in the round. eta = outer_rate,
// mu = outer_momentum; m lives on the server, slice by slice.

#include "troupe/optimizers/difference.hpp"
#include "troupe/optimizers/element_wise.hpp"
#include "troupe/optimizers/rounds.hpp"

namespace troupe {

namespace {

class outer_server : public round_server {
 public:
  outer_server(double rate, double momentum, std::size_t count)
      : rate_(static_cast<float>(rate)),
        momentum_(static_cast<float>(momentum)),
        moment_(count, 0.0f) {}

  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    if (!mean_.take(commits, round_mean::weight::equally, culprit)) return false;
    if (mean_.empty()) {
      keep(center, next);
      return true;
    }
    const float rate = rate_, mu = momentum_;
    const float* d = mean_.values().data();
    const float* c = center.data();
    float* m = moment_.data();
    float* n = next.data();
    for (std::size_t i = 0; i < moment_.size(); ++i) {
      const float g = -d[i];
      m[i] = mu * m[i] + g;
      n[i] = c[i] - rate * (g + mu * m[i]);
    }
    return true;
  }
  span<float> state() override { return moment_; }

 private:
  float rate_, momentum_;
  std::vector<float> moment_;
  round_mean mean_;
};

}  // namespace

protocol_entry diloco_protocol() {
  protocol_entry entry;
  entry.name = "diloco";
  entry.summary =
      "Long windows of local training; the centre takes a step with momentum along their mean.";
  entry.source =
      "Douillard et al., DiLoCo: distributed low-communication training of language models, 2023";
  entry.default_window = 100;
  entry.consistencies = {"synchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.001}"},
                       {"optimizer.communication_window", "100"}};
  entry.options = {
      declare::number("outer_rate", "length of the centre's step along the mean difference", 0.7)
          .above(0),
      declare::number("outer_momentum", "share of the centre's last step kept in this one", 0.9)
          .at_least(0)
          .below(1),
  };
  entry.make_worker = [](const protocol_setup& setup) {
    return make_difference_worker(setup.window, whole_window());
  };
  entry.make_server = [](const protocol_setup& setup, const slice_range& s) {
    return std::make_unique<outer_server>(setup.options.number("outer_rate"),
                                          setup.options.number("outer_momentum"), s.count);
  };
  return entry;
}

}  // namespace troupe
