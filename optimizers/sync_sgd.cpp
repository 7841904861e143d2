// Mini-batch gradient descent over all workers: Chen et al., "Revisiting distributed synchronous
// SGD", ICLR 2016 workshop.
//
//   worker, every mini-batch:  commit its gradient g at the centre;  x <- c (the answer)
//   server, per round:         g = sum r_k g_k / sum r_k, r_k = rows;  c <- c + rule(g)
//
// The gradient rule is the server's, its state lives there, slice by slice: the result is that of
// one worker with mini-batches n times as large, to rounding. A share of a round that is cut into
// several mini-batches (a fast worker may be given more rows than batch_size) counts as one
// gradient, since x stays where it is.

#include <algorithm>
#include <vector>

#include "troupe/optimizers/element_wise.hpp"
#include "troupe/optimizers/rounds.hpp"

namespace troupe {

namespace {

class gradient_worker : public worker_half {
 public:
  void start(span<const float>) override {}

  span<const float> point(span<float> x) override {
    if (answered_) {
      rows_ = last_rows_ = 0;
      answered_ = false;
    }
    // The memory of the last gradient is about to be used for the next one of the same window.
    if (last_rows_ > 0) {
      sum_.resize(last_.size());
      if (rows_ == 0) std::fill(sum_.begin(), sum_.end(), 0.0f);
      const float weight = static_cast<float>(last_rows_);
      for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += weight * last_.data()[i];
      rows_ += last_rows_;
      last_rows_ = 0;
    }
    return x;
  }

  void local_step(gradient_rule*, span<float>, span<float> gradient, double) override {
    last_ = gradient;
  }

  intent on_step(const window_facts& window) override {
    last_rows_ = window.rows - rows_;
    return intent::commit;
  }

  void write(const slice_range& s, const window_facts& window, span<const float>,
             span<float> payload) override {
    if (window.rows == 0) {
      std::fill_n(payload.data(), payload.size(), 0.0f);
      return;
    }
    const float* g = last_.data() + s.first;
    if (rows_ == 0) {
      std::copy(g, g + s.count, payload.data());
      return;
    }
    const float all = static_cast<float>(rows_ + last_rows_);
    const float weight = static_cast<float>(last_rows_);
    const float* sum = sum_.data() + s.first;
    float* out = payload.data();
    for (std::size_t i = 0; i < s.count; ++i) out[i] = (sum[i] + weight * g[i]) / all;
  }

  void on_center(const slice_range&, span<const float>, span<const float> center,
                 span<float> x) override {
    copy(center, x.data());
    answered_ = true;  // other slices may still be written: the gradient stays until the next one
  }

  // The centre holds the gradient already, or never will: either way it was taken elsewhere.
  void on_repeat(const slice_range& s, span<const float> sent, span<const float> center,
                 span<float> x) override {
    on_center(s, sent, center, x);
  }

 private:
  span<const float> last_;       // the gradient of the last mini-batch, in the replica
  std::uint64_t last_rows_ = 0;  // its rows; 0: none
  std::vector<float> sum_;       // of the window's gradients before that, times their rows
  std::uint64_t rows_ = 0;       // in the sum
  bool answered_ = false;        // the window that the gradient belongs to is over
};

class stepping_server : public round_server {
 public:
  explicit stepping_server(std::unique_ptr<gradient_rule> rule) : rule_(std::move(rule)) {}

  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    if (!mean_.take(commits, round_mean::weight::rows, culprit)) return false;
    keep(center, next);
    if (mean_.empty()) return true;
    double fraction = 1;
    for (const commit_view& commit : commits) {
      if (commit.rows > 0) fraction = std::min(fraction, commit.fraction);
    }
    rule_->step(next, mean_.values(), fraction);
    return true;
  }
  span<float> state() override { return rule_->state(); }
  std::uint64_t steps() const override { return rule_->steps(); }
  void set_steps(std::uint64_t steps) override { rule_->set_steps(steps); }

 private:
  std::unique_ptr<gradient_rule> rule_;
  round_mean mean_;
};

}  // namespace

protocol_entry sync_sgd_protocol() {
  protocol_entry entry;
  entry.name = "sync_sgd";
  entry.summary = "All workers' gradients are averaged; the centre takes one step with the mean.";
  entry.source = "Chen et al., Revisiting distributed synchronous SGD, 2016";
  entry.default_window = 1;
  entry.has_window = false;
  entry.rule = rule_place::server;
  entry.consistencies = {"synchronous"};
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.002}"}};
  entry.check = [](const protocol_setup& setup) -> std::string {
    if (setup.window != 1) {
      return "sync_sgd sends every gradient: communication_window can only be 1";
    }
    if (setup.rule.options.has("clip_norm")) {
      return "clip_norm does not go with sync_sgd: the servers step slice by slice and none sees "
             "the length of the whole gradient; clip_value does";
    }
    return {};
  };
  entry.make_worker = [](const protocol_setup&) { return std::make_unique<gradient_worker>(); };
  entry.make_server = [](const protocol_setup& setup, const slice_range& s) {
    return std::make_unique<stepping_server>(setup.make_rule(setup.rule, s.count));
  };
  return entry;
}

}  // namespace troupe
