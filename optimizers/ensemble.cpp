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
  protocol_entry entry = publishing_entry("ensemble");
  entry.summary = "Every worker trains a model of its own; together they vote.";
  entry.source = "Hansen, Salamon, Neural network ensembles, IEEE PAMI 12, 1990";
  entry.separate_models = true;
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
  return entry;
}

}  // namespace troupe
