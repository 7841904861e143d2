#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "troupe/models/rules/builtin.hpp"
#include "troupe/optimizers/protocol.hpp"
#include "troupe/optimizers/slices.hpp"

namespace troupe::testing {

/// The protocol called `name` with its options resolved, for so many workers and this window.
inline protocol_setup setup_for(const protocol_entry& entry, std::uint32_t workers,
                                std::uint32_t window, const settings& options = {}) {
  protocol_setup setup;
  setup.options = resolve(entry.options, options, {}, entry.name);
  setup.workers = workers;
  setup.window = window;
  return setup;
}

/// A protocol that talks to itself: workers' halves and servers' halves in one loop, without
/// actors. What carries a message, counts versions and knows repeats is worked out here apart
/// from the actors' code: staleness, for one, is read off a log of who made which version.
class conversation {
 public:
  /// Sets g to the gradient at x.
  using gradient_of = std::function<void(span<const float> x, span<float> g)>;

  conversation(const protocol_entry& entry, protocol_setup setup, std::vector<float> start,
               std::size_t slice, const settings& rule = {{"learning_rate", 0.1}})
      : before_(entry.answers_before), center_(std::move(start)) {
    setup.parameters = center_.size();
    ranges_ = cut_slices(center_.size(), slice, 1);
    for (const slice_range& r : ranges_) {
      servers_.push_back(entry.make_server(setup, r));
      log_.emplace_back();
      applied_.emplace_back(setup.workers, 0);
    }
    const registry<rule_entry> rules = builtin_rules();
    const rule_entry& sgd = rules.at("sgd", "", "gradient rule");
    for (std::uint32_t k = 0; k < setup.workers; ++k) {
      speaker w;
      w.half = entry.make_worker(setup);
      w.rule = sgd.make(resolve(sgd.options, rule, {}, "sgd"), center_.size());
      w.x = w.sent = center_;
      w.base.assign(ranges_.size(), 0);
      w.inbox.resize(ranges_.size());
      w.half->start(w.x);
      workers_.push_back(std::move(w));
    }
  }

  /// Worker k trains one mini-batch of `rows` rows.
  intent step(std::size_t k, const gradient_of& gradient, std::uint64_t rows = 1) {
    speaker& w = workers_[k];
    std::vector<float> g(w.x.size());
    gradient(w.x, g);
    w.half->local_step(w.rule.get(), w.x, g, 0);
    ++w.facts.mini_batches;
    w.facts.rows += rows;
    return w.half->on_step(w.facts);
  }

  /// Worker k closes its window: the payloads are written.
  void send(std::size_t k) {
    speaker& w = workers_[k];
    ++w.sequence;
    for (const slice_range& r : ranges_) {
      w.half->write(r, w.facts, part(w.x, r), part(w.sent, r));
    }
  }

  /// A slice of what worker k sent arrives. Once more, it is a repeat: the server has it already,
  /// and the first answer is taken to be lost.
  void deliver(std::size_t k, std::size_t slice) {
    speaker& w = workers_[k];
    const slice_range& r = ranges_[slice];
    const span<float> c = part(center_, r);
    auto& [repeat, version, center] = w.inbox[slice];
    repeat = applied_[slice][k] == w.sequence;
    center.assign(c.begin(), c.end());
    if (!repeat) {
      commit_view view;
      view.payload = part(w.sent, r);
      view.worker = static_cast<std::uint32_t>(k);
      view.mini_batches = w.facts.mini_batches;
      view.rows = w.facts.rows;
      view.staleness = staleness(k, slice);
      finite_ = servers_[slice]->apply(view, c, c) && finite_;
      log_[slice].push_back(k);
      applied_[slice][k] = w.sequence;
      if (!before_) center.assign(c.begin(), c.end());
    }
    version = log_[slice].size();
  }

  /// The answer reaches worker k; with the last one a new window begins.
  void receive(std::size_t k, std::size_t slice) {
    speaker& w = workers_[k];
    const slice_range& r = ranges_[slice];
    auto& [repeat, version, center] = w.inbox[slice];
    if (repeat) {
      w.half->on_repeat(r, part(w.sent, r), center, part(w.x, r));
    } else {
      w.half->on_center(r, part(w.sent, r), center, part(w.x, r));
    }
    w.base[slice] = version;
    if (++w.answered < ranges_.size()) return;
    w.answered = 0;
    w.facts = {};
  }

  void commit(std::size_t k) {
    send(k);
    for (std::size_t s = 0; s < ranges_.size(); ++s) deliver(k, s);
    for (std::size_t s = 0; s < ranges_.size(); ++s) receive(k, s);
  }

  /// Commits of others to the slice since the centre worker k started from.
  std::uint64_t staleness(std::size_t k, std::size_t slice) const {
    const std::vector<std::size_t>& log = log_[slice];
    const auto since = log.begin() + static_cast<std::ptrdiff_t>(workers_[k].base[slice]);
    return static_cast<std::uint64_t>(
        std::count_if(since, log.end(), [k](std::size_t who) { return who != k; }));
  }

  const std::vector<float>& center() const { return center_; }
  const std::vector<float>& x(std::size_t k) const { return workers_[k].x; }
  std::size_t slices() const { return ranges_.size(); }
  /// Whether every server took every payload.
  bool finite() const { return finite_; }

 private:
  struct answer {
    bool repeat = false;
    std::uint64_t version = 0;
    std::vector<float> center;
  };
  struct speaker {
    std::unique_ptr<worker_half> half;
    std::unique_ptr<gradient_rule> rule;
    std::vector<float> x, sent;
    window_facts facts;
    std::uint64_t sequence = 0;
    std::vector<std::uint64_t> base;  // version of each slice it started its window from
    std::vector<answer> inbox;
    std::size_t answered = 0;
  };
  static span<float> part(std::vector<float>& whole, const slice_range& r) {
    return {whole.data() + r.first, r.count};
  }

  bool before_;
  bool finite_ = true;
  std::vector<float> center_;
  std::vector<slice_range> ranges_;
  std::vector<std::unique_ptr<server_half>> servers_;
  std::vector<std::vector<std::size_t>> log_;        // per slice: the worker of each version
  std::vector<std::vector<std::uint64_t>> applied_;  // per slice and worker: last sequence
  std::vector<speaker> workers_;
};

/// The gradient of |x|^2 / 2.
inline void bowl(span<const float> x, span<float> g) {
  std::copy(x.begin(), x.end(), g.data());
}

}  // namespace troupe::testing
