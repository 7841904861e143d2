// An ensemble: Hansen, Salamon, "Neural network ensembles", IEEE PAMI 12, 1990.
//
//   worker k:  trains a model of its own, from a seed of its own:  x_k <- x_k + f(g)
//   server:    c_k <- x_k, now and then; nothing comes back
//
// The models are saved together and vote: by the mean of their probabilities, or each with one
// voice for its answer.

#include "troupe/optimizers/publishing.hpp"

namespace troupe {

protocol_entry ensemble_protocol() {
  protocol_entry entry;
  entry.name = "ensemble";
  entry.summary = "Every worker trains a model of its own; together they vote.";
  entry.source = "Hansen, Salamon, Neural network ensembles, IEEE PAMI 12, 1990";
  entry.default_window = 100;
  entry.has_window = false;
  entry.counts_commits = false;
  entry.separate_models = true;
  entry.payload = payload_kind::copy;
  entry.consistencies = {"asynchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.001}"}};
  entry.options = {
      declare::text("data", "rows each model is trained on: all of them, or a share of its own",
                    "all")
          .one_of({"all", "disjoint"}),
      declare::text("vote",
                    "how the models answer together: by the mean of their probabilities, or hard, "
                    "by the class most of them choose",
                    "mean")
          .one_of({"mean", "hard"}),
  };
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<publishing_worker>(setup.window);
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<publishing_server>();
  };
  return entry;
}

}  // namespace troupe
