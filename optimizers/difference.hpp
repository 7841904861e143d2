#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// The worker's half of every protocol that commits D, the sum of local updates since the last
/// commit, and starts again from the centre of the answer (adag, dynsgd, diloco ...). `Scale` makes
/// the factor on D from the window: 1 for D itself, 1/m for D/m.
template <class Scale>
class difference_worker : public worker_half {
 public:
  difference_worker(std::uint32_t window, Scale scale)
      : window_(window), scale_(std::move(scale)) {}

  void start(span<const float> x) override { base_.assign(x.data(), x.data() + x.size()); }

  intent on_step(const window_facts& window) override {
    return window.mini_batches >= window_ ? intent::commit : intent::none;
  }

  void write(const slice_range& s, const window_facts& window, span<const float> x,
             span<float> payload) override {
    const float factor = scale_(window);
    const float* now = x.data();
    const float* then = base_.data() + s.first;
    float* out = payload.data();
    for (std::size_t i = 0; i < s.count; ++i) out[i] = (now[i] - then[i]) * factor;
  }

  void on_center(const slice_range& s, span<const float>, span<const float> center,
                 span<float> x) override {
    const float* c = center.data();
    float* then = base_.data() + s.first;
    float* now = x.data();
    for (std::size_t i = 0; i < s.count; ++i) now[i] = then[i] = c[i];
  }

  // The centre holds the commit already, so starting from it counts nothing twice.
  void on_repeat(const slice_range& s, span<const float> sent, span<const float> center,
                 span<float> x) override {
    on_center(s, sent, center, x);
  }

  void on_pushed(const slice_range& s, span<float> x) override { on_sent(s, x); }

  // x <- c + what is not committed yet.
  void on_fetched(const slice_range& s, span<const float> center, span<float> x) override {
    const float* c = center.data();
    float* then = base_.data() + s.first;
    float* now = x.data();
    for (std::size_t i = 0; i < s.count; ++i) {
      now[i] = c[i] + (now[i] - then[i]);
      then[i] = c[i];
    }
  }

  void on_sent(const slice_range& s, span<const float> x) override {
    copy(x, base_.data() + s.first);
  }

  void on_late_center(const slice_range& s, span<const float>, span<const float> center,
                      span<float> x) override {
    on_fetched(s, center, x);
  }

 protected:
  std::uint32_t window() const noexcept { return window_; }

 private:
  std::uint32_t window_;
  Scale scale_;
  std::vector<float> base_;  // x less what is not committed yet: D = x - base
};

template <class Scale>
std::unique_ptr<worker_half> make_difference_worker(std::uint32_t window, Scale scale) {
  return std::make_unique<difference_worker<Scale>>(window, std::move(scale));
}

/// Scales of a difference_worker: D as it is, and D / m, m the mini-batches really in the window.
struct whole_window {
  float operator()(const window_facts&) const noexcept { return 1.0f; }
};
struct per_mini_batch {
  float operator()(const window_facts& window) const noexcept {
    return 1.0f / static_cast<float>(std::max(window.mini_batches, 1u));
  }
};

/// The server's half that adds what arrives: c <- c + payload. A round adds them all, whatever a
/// derived class makes of a commit that comes alone.
class adding_server : public server_half {
 public:
  bool apply(const commit_view& commit, span<const float> center, span<float> next) override;
  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) final;
};

}  // namespace troupe
