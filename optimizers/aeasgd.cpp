// Asynchronous elastic averaging SGD: Zhang, Choromanska, LeCun, "Deep learning with elastic
// averaging SGD", NIPS 2015.
//
//   worker, every w mini-batches:  commit x;  answer: the centre c before this commit;
//                                  E = alpha (x_sent - c);  x <- x - E
//   server:                        c <- c + alpha (x_sent - c)
//
// One atomic exchange per slice, so x + c is conserved and any 0 <= alpha <= 1 is stable. The
// replica is never overwritten. In a round (`apply_round`) every x meets the same c.

#include <fmt/format.h>

#include <algorithm>

#include "troupe/optimizers/element_wise.hpp"
#include "troupe/optimizers/protocol.hpp"

namespace troupe {

namespace {

class elastic_worker : public worker_half {
 public:
  elastic_worker(std::uint32_t window, float alpha) : window_(window), alpha_(alpha) {}

  void start(span<const float>) override {}

  intent on_step(const window_facts& window) override {
    return window.mini_batches >= window_ ? intent::commit : intent::none;
  }

  void write(const slice_range&, const window_facts&, span<const float> x,
             span<float> payload) override {
    std::copy(x.begin(), x.end(), payload.data());
  }

  void on_center(const slice_range& s, span<const float> sent, span<const float> center,
                 span<float> x) override {
    const float* from = sent.data();
    const float* c = center.data();
    float* to = x.data();
    for (std::size_t i = 0; i < s.count; ++i) to[i] -= alpha_ * (from[i] - c[i]);
  }

  // The centre this commit met is gone; leaving x alone keeps x + c.
  void on_repeat(const slice_range&, span<const float>, span<const float>, span<float>) override {}

 private:
  std::uint32_t window_;
  float alpha_;
};

class elastic_server : public server_half {
 public:
  explicit elastic_server(float alpha) : alpha_(alpha) {}

  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    const float alpha = alpha_;
    return combine(center, commit.payload, next,
                   [alpha](float c, float x) { return c + alpha * (x - c); });
  }

  // c + alpha sum (x_i - c): every x meets the centre from before the round.
  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    before_.assign(center.begin(), center.end());
    std::copy(before_.begin(), before_.end(), next.data());
    for (std::size_t i = 0; i < commits.size(); ++i) {
      const float alpha = alpha_;
      move_.resize(before_.size());
      if (!combine(before_, commits[i].payload, move_,
                   [alpha](float c, float x) { return alpha * (x - c); })) {
        culprit = i;
        return false;
      }
      combine(next, move_, next, [](float c, float move) { return c + move; });
    }
    return true;
  }

 private:
  float alpha_;
  std::vector<float> before_, move_;  // of a round; `next` may be the centre itself
};

float alpha_of(const protocol_setup& setup) {
  if (setup.options.has("alpha")) return static_cast<float>(setup.options.number("alpha"));
  if (setup.options.has("rho")) {
    return static_cast<float>(setup.options.number("rho") * setup.options.number("learning_rate"));
  }
  return std::min(0.5f, 0.9f / static_cast<float>(setup.workers));
}

}  // namespace

protocol_entry aeasgd_protocol() {
  protocol_entry entry;
  entry.name = "aeasgd";
  entry.summary = "Worker and centre pull each other together by a share alpha of their distance.";
  entry.source = "Zhang, Choromanska, LeCun, Deep learning with elastic averaging SGD, NIPS 2015";
  entry.default_window = 32;
  entry.answers_before = true;
  entry.payload = payload_kind::parameters;
  entry.options = {
      declare::number("alpha",
                      "share of the distance both sides move; default min(0.5, 0.9 / workers)")
          .at_least(0)
          .at_most(1),
      declare::number("rho", "elasticity; with learning_rate another way to say alpha = rho x "
                             "learning_rate")
          .at_least(0),
      declare::number("learning_rate", "the factor of rho in alpha = rho x learning_rate").above(0),
  };
  entry.check = [](const protocol_setup& setup) -> std::string {
    const bool alpha = setup.options.has("alpha"), rho = setup.options.has("rho"),
               rate = setup.options.has("learning_rate");
    if (alpha && (rho || rate)) return "give either alpha or rho with learning_rate, not both";
    if (rho != rate) return "rho and learning_rate go together (alpha = rho x learning_rate)";
    if (alpha_of(setup) > 1) {
      return fmt::format("alpha = {} is above 1: the exchange would overshoot", alpha_of(setup));
    }
    return {};
  };
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<elastic_worker>(setup.window, alpha_of(setup));
  };
  entry.make_server = [](const protocol_setup& setup, const slice_range&) {
    return std::make_unique<elastic_server>(alpha_of(setup));
  };
  return entry;
}

}  // namespace troupe
