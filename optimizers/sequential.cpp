// Training with one worker and no exchange: the baseline all others are compared with.
//
//   worker:  x <- x + f(g) after every mini-batch
//   server:  c <- x, now and then, for evaluation and the saved model; nothing comes back

#include "troupe/optimizers/publishing.hpp"

namespace troupe {

protocol_entry sequential_protocol() {
  protocol_entry entry = publishing_entry("sequential");
  entry.summary = "One worker trains alone; the centre is a copy of it.";
  entry.source = "the baseline";
  entry.most_workers = 1;
  return entry;
}

}  // namespace troupe
