#pragma once

#include <string>
#include <vector>

#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// The elastic exchange of Zhang, Choromanska, LeCun, "Deep learning with elastic averaging SGD",
/// NIPS 2015, as aeasgd, eamsgd and easgd have it:
///
///   worker:      commit x;  answer: the centre c before this commit;
///                E = alpha (x_sent - c);  x <- x - E
///   server:      c <- c + alpha (x_sent - c)
///   in a round:  c <- c + alpha sum (x_k - c), every x meets the same c
///
/// x + c is conserved and the replica is never overwritten. One exchange at a time is stable for
/// any 0 <= alpha <= 1. In a round of n the distance obeys d <- (1 - (n + 1) alpha) d, so that it
/// takes (n + 1) alpha < 2.
class elastic_worker : public worker_half {
 public:
  elastic_worker(std::uint32_t window, double alpha)
      : window_(window), alpha_(static_cast<float>(alpha)) {}

  void start(span<const float>) override {}
  intent on_step(const window_facts& window) override {
    return window.mini_batches >= window_ ? intent::commit : intent::none;
  }
  void write(const slice_range&, const window_facts&, span<const float> x,
             span<float> payload) override;
  void on_center(const slice_range& s, span<const float> sent, span<const float> center,
                 span<float> x) override;
  /// The centre this commit met is gone, or it met none; leaving x alone keeps x + c.
  void on_repeat(const slice_range&, span<const float>, span<const float>, span<float>) override {}
  // E moves x wherever that is by now: `on_late_center` needs nothing of its own.
  void on_late_repeat(const slice_range&, span<const float>, span<const float>,
                      span<float>) override {}

 private:
  std::uint32_t window_;
  float alpha_;
};

class elastic_server : public server_half {
 public:
  explicit elastic_server(double alpha) : alpha_(static_cast<float>(alpha)) {}

  bool apply(const commit_view& commit, span<const float> center, span<float> next) override;
  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override;

 private:
  float alpha_;
  std::vector<float> before_;  // the centre of a round; `next` may be the centre itself
};

/// Option `alpha`; its default is said by `fallback` ("0.9 / workers").
setting elastic_alpha_option(const std::string& fallback);

/// Why this alpha is refused; empty: it is not.
std::string elastic_refusal(double alpha);

/// Alpha as the options `alpha`, or `rho` and `learning_rate`, say; default min(0.5, 0.9 /
/// workers).
double elastic_alpha(const protocol_setup& setup);

/// What the entries of elastic protocols have in common: source, halves, a warning of an alpha that
/// diverges where all workers exchange with the same centre.
protocol_entry elastic_entry(double (*alpha_of)(const protocol_setup&));

}  // namespace troupe
