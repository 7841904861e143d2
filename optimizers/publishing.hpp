#pragma once

#include <cstdint>
#include <string>

#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// Halves of protocols without commits, where the centre is only a copy for evaluation and the
/// saved model. The worker sends x every `window` mini-batches, and nothing comes back.
class publishing_worker : public worker_half {
 public:
  explicit publishing_worker(std::uint32_t window) : window_(window) {}

  void start(span<const float>) override {}
  intent on_step(const window_facts& window) override {
    return window.mini_batches >= window_ ? intent::publish : intent::none;
  }
  intent closing() const override { return intent::publish; }
  void write(const slice_range&, const window_facts&, span<const float> x,
             span<float> payload) override;
  void on_center(const slice_range&, span<const float>, span<const float>, span<float>) override {}
  void on_repeat(const slice_range&, span<const float>, span<const float>, span<float>) override {}

 private:
  std::uint32_t window_;
};

/// c <- what was published.
class publishing_server : public server_half {
 public:
  bool apply(const commit_view& commit, span<const float> center, span<float> next) override;
};

/// What the entries of such protocols have in common.
protocol_entry publishing_entry(const std::string& name);

}  // namespace troupe
