// Training with one worker and no exchange: the baseline all others are compared with.
//
//   worker:  x <- x + f(g) after every mini-batch
//   server:  c <- x, now and then, for evaluation and the saved model; nothing comes back

#include "troupe/optimizers/publishing.hpp"

namespace troupe {

protocol_entry sequential_protocol() {
  protocol_entry entry;
  entry.name = "sequential";
  entry.summary = "One worker trains alone; the centre is a copy of it.";
  entry.source = "the baseline";
  // Also how often the copy is refreshed; training itself does not depend on it.
  entry.default_window = 100;
  entry.has_window = false;
  entry.counts_commits = false;
  entry.most_workers = 1;
  entry.payload = payload_kind::copy;
  entry.consistencies = {"asynchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.001}"}};
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<publishing_worker>(setup.window);
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<publishing_server>();
  };
  return entry;
}

}  // namespace troupe
