// Training with one worker and no exchange: the baseline all others are compared with.
//
//   worker:  x <- x + f(g) after every mini-batch
//   server:  c <- x, now and then, for evaluation and the saved model; nothing comes back

#include <algorithm>

#include "troupe/optimizers/element_wise.hpp"
#include "troupe/optimizers/protocol.hpp"

namespace troupe {

namespace {

class sequential_worker : public worker_half {
 public:
  explicit sequential_worker(std::uint32_t window) : window_(window) {}

  void start(span<const float>) override {}
  intent on_step(const window_facts& window) override {
    return window.mini_batches >= window_ ? intent::publish : intent::none;
  }
  intent closing() const override { return intent::publish; }
  void write(const slice_range&, const window_facts&, span<const float> x,
             span<float> payload) override {
    std::copy(x.begin(), x.end(), payload.data());
  }
  void on_center(const slice_range&, span<const float>, span<const float>, span<float>) override {}
  void on_repeat(const slice_range&, span<const float>, span<const float>, span<float>) override {}

 private:
  std::uint32_t window_;
};

class sequential_server : public server_half {
 public:
  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    return combine(center, commit.payload, next, [](float, float x) { return x; });
  }
};

}  // namespace

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
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<sequential_worker>(setup.window);
  };
  entry.make_server = [](const protocol_setup&, const slice_range&) {
    return std::make_unique<sequential_server>();
  };
  return entry;
}

}  // namespace troupe
