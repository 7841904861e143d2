// DOWNPOUR SGD: Dean et al., "Large scale distributed deep networks", NIPS 2012.
//
//   worker, every push_window mini-batches:   send D, the local updates since the last push
//           every fetch_window mini-batches:  x <- c + what is not pushed yet
//   server:                                   c <- c + D
//   with a server_rule:                       c <- c + rule(-D)
//   in a round:                               c <- c + sum D_k; the rule takes a step for each D_k
//
// Both windows are the communication window unless told: then a push is answered with the centre,
// and the two are one commit. D contains the learning rate of the worker's gradient rule already.
// Dean's server ran Adagrad, c <- c + gamma D / sqrt(sum of D^2), and one replica trained alone
// for a while before the others joined (warm start).

#include <fmt/format.h>

#include <vector>

#include "troupe/optimizers/difference.hpp"
#include "troupe/optimizers/element_wise.hpp"

namespace troupe {

namespace {

class downpour_worker : public difference_worker<whole_window> {
 public:
  downpour_worker(std::uint32_t push, std::uint32_t fetch)
      : difference_worker(push, whole_window()), fetch_(fetch) {}

  intent on_step(const window_facts& window) override {
    const bool push = window.mini_batches >= this->window();
    if (fetch_ == this->window()) return push ? intent::commit : intent::none;
    const bool fetch = ++unfetched_ >= fetch_;
    if (fetch) unfetched_ = 0;
    if (push && fetch) return intent::commit;
    if (push) return intent::push;
    return fetch ? intent::fetch : intent::none;
  }

  void on_center(const slice_range& s, span<const float> sent, span<const float> center,
                 span<float> x) override {
    difference_worker::on_center(s, sent, center, x);
    unfetched_ = 0;  // rows ran out before the window was full
  }

 private:
  std::uint32_t fetch_;
  std::uint32_t unfetched_ = 0;  // mini-batches since the last fetch
};

/// A gradient rule on the server, with g = -D. Nothing is changed before all commits are known to
/// be finite: a refused one must leave no trace in the rule.
class ruled_server : public server_half {
 public:
  explicit ruled_server(std::unique_ptr<gradient_rule> rule) : rule_(std::move(rule)) {}

  bool apply(const commit_view& commit, span<const float> center, span<float> next) override {
    if (!all_finite(commit.payload)) return false;
    keep(center, next);
    step(commit, next);
    return true;
  }

  bool apply_round(span<const commit_view> commits, span<const float> center, span<float> next,
                   std::size_t& culprit) override {
    for (std::size_t i = 0; i < commits.size(); ++i) {
      if (all_finite(commits[i].payload)) continue;
      culprit = i;
      return false;
    }
    keep(center, next);
    for (const commit_view& commit : commits) step(commit, next);
    return true;
  }

  span<float> state() override { return rule_->state(); }
  std::uint64_t steps() const override { return rule_->steps(); }
  void set_steps(std::uint64_t steps) override { rule_->set_steps(steps); }

 private:
  void step(const commit_view& commit, span<float> next) {
    if (commit.rows == 0) return;  // an idle worker's; moments should not move the centre for it
    gradient_.resize(commit.payload.size());
    const float* d = commit.payload.data();
    for (std::size_t i = 0; i < gradient_.size(); ++i) gradient_[i] = -d[i];
    rule_->step(next, gradient_, commit.fraction);
  }

  std::unique_ptr<gradient_rule> rule_;
  std::vector<float> gradient_;
};

std::uint32_t window_of(const protocol_setup& setup, const char* option) {
  return setup.options.has(option) ? static_cast<std::uint32_t>(setup.options.integer(option))
                                   : setup.window;
}

std::string refusal(const protocol_setup& setup) {
  const std::uint32_t push = window_of(setup, "push_window");
  const std::uint32_t fetch = window_of(setup, "fetch_window");
  const bool rows = setup.options.has("warm_start_rows");
  const bool seconds = setup.options.has("warm_start_seconds");
  if (rows && seconds) return "give either warm_start_rows or warm_start_seconds, not both";
  if (setup.synchronous && (push != setup.window || fetch != setup.window)) {
    return "push_window and fetch_window do not go with consistency synchronous: all push and "
           "fetch "
           "when a round ends, every communication_window mini-batches";
  }
  if (setup.overlap && push != fetch) {
    return "overlap is for windows whose push is answered with the centre: fetch_window and "
           "push_window must be the same";
  }
  if (setup.synchronous && (rows || seconds)) {
    return "a warm start does not go with consistency synchronous: a round waits for all workers";
  }
  if (setup.server_rule && setup.server_rule->options.has("clip_norm")) {
    return "clip_norm does not go with a server_rule: the servers step slice by slice and none "
           "sees "
           "the length of the whole difference; clip_value does";
  }
  return {};
}

std::vector<std::string> warnings(const protocol_setup& setup) {
  if (setup.workers < 8 || setup.server_rule) return {};
  return {
      fmt::format("downpour adds up the updates of all {} workers: accuracy falls from about 8 "
                  "workers on (0.93 on MNIST with 8, 0.65 with 16); adag, dynsgd or aeasgd "
                  "hold",
                  setup.workers)};
}

warm_start warm_up(const protocol_setup& setup) {
  warm_start out;
  if (setup.options.has("warm_start_rows")) {
    out.rows = static_cast<std::uint64_t>(setup.options.integer("warm_start_rows"));
  }
  if (setup.options.has("warm_start_seconds")) {
    out.seconds = setup.options.number("warm_start_seconds");
  }
  return out;
}

}  // namespace

protocol_entry downpour_protocol() {
  protocol_entry entry;
  entry.name = "downpour";
  entry.overlaps = true;
  entry.summary = "Each worker adds the sum of its updates to the centre and starts again from it.";
  entry.source = "Dean et al., Large scale distributed deep networks, NIPS 2012";
  entry.default_window = 5;
  entry.takes_server_rule = true;
  entry.recommended = {{"optimizer.gradient_rule", "{name: adam, learning_rate: 0.001}"},
                       {"optimizer.communication_window", "5"}};
  entry.options = {
      declare::integer("fetch_window",
                       "mini-batches between two fetches of the centre; default: the "
                       "communication window")
          .at_least(1)
          .at_most(epoch_window),
      declare::integer("push_window",
                       "mini-batches between two pushes of updates; default: the communication "
                       "window")
          .at_least(1)
          .at_most(epoch_window),
      declare::integer("warm_start_rows",
                       "rows that the first worker trains alone before the others start")
          .at_least(1),
      declare::number("warm_start_seconds",
                      "seconds that the first worker trains alone before the others start")
          .above(0),
  };
  entry.check = refusal;
  entry.warnings = warnings;
  entry.warm_up = warm_up;
  entry.commit_window = [](const protocol_setup& setup) { return window_of(setup, "push_window"); };
  entry.make_worker = [](const protocol_setup& setup) {
    return std::make_unique<downpour_worker>(window_of(setup, "push_window"),
                                             window_of(setup, "fetch_window"));
  };
  entry.make_server = [](const protocol_setup& setup,
                         const slice_range& s) -> std::unique_ptr<server_half> {
    if (!setup.server_rule) return std::make_unique<adding_server>();
    return std::make_unique<ruled_server>(setup.make_rule(*setup.server_rule, s.count));
  };
  return entry;
}

}  // namespace troupe
