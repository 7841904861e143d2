#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "troupe/models/rules/builtin.hpp"
#include "troupe/optimizers/protocol.hpp"
#include "troupe/optimizers/shared_parameters.hpp"
#include "troupe/optimizers/slices.hpp"

namespace troupe::testing {

/// A gradient rule with its options resolved.
inline rule_spec rule_of(const std::string& name, const settings& options) {
  const registry<rule_entry> rules = builtin_rules();
  return {name, resolve(rules.at(name, "", "gradient rule").options, options, {}, name)};
}

inline std::unique_ptr<gradient_rule> make_rule(const rule_spec& spec, std::size_t count) {
  const registry<rule_entry> rules = builtin_rules();
  return rules.at(spec.name, "", "gradient rule").make(spec.options, count);
}

/// Whether a protocol is defined for this consistency.
inline bool goes_with(const protocol_entry& entry, const std::string& consistency) {
  const auto& all = entry.consistencies;
  return std::find(all.begin(), all.end(), consistency) != all.end();
}

/// The protocol with its options resolved, for so many workers and this window; sgd at rate 0.1.
inline protocol_setup setup_for(const protocol_entry& entry, std::uint32_t workers,
                                std::uint32_t window, const settings& options = {}) {
  protocol_setup setup;
  setup.options = resolve(entry.options, options, {}, entry.name);
  setup.workers = workers;
  setup.window = window;
  setup.synchronous = !goes_with(entry, "asynchronous");
  setup.rule = rule_of("sgd", {{"learning_rate", 0.1}});
  setup.make_rule = make_rule;
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
               std::size_t slice)
      : before_(entry.answers_before), keeps_base_(entry.keeps_base), center_(std::move(start)) {
    setup.parameters = center_.size();
    if (entry.shares_parameters) setup.shared = std::make_shared<shared_parameters>(center_.size());
    ranges_ = cut_slices(center_.size(), slice, 1);
    for (const slice_range& r : ranges_) {
      servers_.push_back(entry.make_server(setup, r));
      log_.emplace_back();
      applied_.emplace_back(setup.workers, 0);
    }
    for (std::uint32_t k = 0; k < setup.workers; ++k) {
      speaker w;
      w.half = entry.make_worker(setup);
      if (entry.rule == rule_place::worker) w.rule = make_rule(setup.rule, center_.size());
      w.x = w.sent = w.started_from = center_;
      w.gradient.resize(center_.size());
      w.base.assign(ranges_.size(), 0);
      w.inbox.resize(ranges_.size());
      w.half->start(w.x);
      workers_.push_back(std::move(w));
    }
  }

  /// Worker k trains one mini-batch of `rows` rows.
  intent step(std::size_t k, const gradient_of& gradient, std::uint64_t rows = 1,
              double fraction = 0) {
    speaker& w = workers_[k];
    gradient(w.half->point(w.x), w.gradient);
    if (w.facts.rows == 0) w.fraction = fraction;
    w.half->local_step(w.rule.get(), w.x, w.gradient, fraction);
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
    w.committed = {w.facts, w.fraction, w.base, w.started_from};
  }

  /// The same with overlap: what the last window was answered arrives first, and the next one
  /// begins at once.
  void send_and_go_on(std::size_t k) {
    speaker& w = workers_[k];
    const std::vector<std::uint64_t> base = w.base;
    const std::vector<float> from = w.started_from;
    if (w.sequence > 0) take_late(k);
    send(k);
    w.committed.base = base;
    w.committed.started_from = from;
    for (const slice_range& r : ranges_) w.half->on_sent(r, part(w.x, r));
    close(k);
  }

  /// A slice of what worker k sent arrives. Once more, it is a repeat: the server has it already,
  /// and the first answer is taken to be lost.
  void deliver(std::size_t k, std::size_t slice) {
    speaker& w = workers_[k];
    const slice_range& r = ranges_[slice];
    const span<float> c = part(center_, r);
    answer& a = w.inbox[slice];
    a.repeat = applied_[slice][k] == w.sequence;
    a.center.assign(c.begin(), c.end());
    if (!a.repeat) {
      commit_view view = view_of(k, slice);
      view.staleness = commits_of_others(k, slice, w.committed.base);
      finite_ = servers_[slice]->apply(view, c, c) && finite_;
      log_[slice].push_back(k);
      applied_[slice][k] = w.sequence;
      if (!before_) a.center.assign(c.begin(), c.end());
    }
    a.version = log_[slice].size();
  }

  /// The answer reaches worker k; with the last one a new window begins.
  void receive(std::size_t k, std::size_t slice) {
    speaker& w = workers_[k];
    const slice_range& r = ranges_[slice];
    const answer& a = w.inbox[slice];
    if (a.repeat) {
      w.half->on_repeat(r, part(w.sent, r), a.center, part(w.x, r));
    } else {
      w.half->on_center(r, part(w.sent, r), a.center, part(w.x, r));
    }
    start_from(k, slice, a.center, a.version);
    if (++w.answered == ranges_.size()) close(k);
  }

  /// Overlap: what came for worker k while it trained on.
  void take_late(std::size_t k) {
    speaker& w = workers_[k];
    for (std::size_t s = 0; s < ranges_.size(); ++s) {
      const slice_range& r = ranges_[s];
      const answer& a = w.inbox[s];
      if (a.repeat) {
        w.half->on_late_repeat(r, part(w.sent, r), a.center, part(w.x, r));
      } else {
        w.half->on_late_center(r, part(w.sent, r), a.center, part(w.x, r));
      }
      start_from(k, s, a.center, a.version);
    }
  }

  void commit(std::size_t k) {
    send(k);
    for (std::size_t s = 0; s < ranges_.size(); ++s) deliver(k, s);
    for (std::size_t s = 0; s < ranges_.size(); ++s) receive(k, s);
  }

  /// What worker k sent and was applied is answered only now: with the centre of now, or with the
  /// one that met the commit where the protocol is answered that.
  void release(std::size_t k) {
    for (std::size_t s = 0; s < ranges_.size(); ++s) {
      if (!before_) {
        const span<float> c = part(center_, ranges_[s]);
        workers_[k].inbox[s].center.assign(c.begin(), c.end());
        workers_[k].inbox[s].version = log_[s].size();
      }
      receive(k, s);
    }
  }

  /// As `commit`, but no centre comes back.
  void push(std::size_t k) {
    send(k);
    for (std::size_t s = 0; s < ranges_.size(); ++s) deliver(k, s);
    for (const slice_range& r : ranges_) workers_[k].half->on_pushed(r, part(workers_[k].x, r));
    close(k);
  }

  /// Worker k is given the centre within a window.
  void fetch(std::size_t k) {
    for (std::size_t s = 0; s < ranges_.size(); ++s) {
      const span<float> c = part(center_, ranges_[s]);
      workers_[k].half->on_fetched(ranges_[s], c, part(workers_[k].x, ranges_[s]));
      start_from(k, s, c, log_[s].size());
    }
  }

  /// What worker k wanted after a step happens.
  void follow(std::size_t k, intent wants) {
    if (wants == intent::commit || wants == intent::publish) commit(k);
    if (wants == intent::push) push(k);
    if (wants == intent::fetch) fetch(k);
  }

  /// A synchronous round: these workers, in ascending order, close their windows, the servers apply
  /// them at once, and all are answered.
  void round(const std::vector<std::size_t>& workers) {
    for (const std::size_t k : workers) send(k);
    for (std::size_t s = 0; s < ranges_.size(); ++s) {
      const span<float> c = part(center_, ranges_[s]);
      const std::vector<float> met(c.begin(), c.end());
      std::vector<commit_view> commits;
      for (const std::size_t k : workers) commits.push_back(view_of(k, s));
      std::size_t culprit = 0;
      finite_ = servers_[s]->apply_round(commits, met, c, culprit) && finite_;
      for (const std::size_t k : workers) {
        log_[s].push_back(k);
        applied_[s][k] = workers_[k].sequence;
        workers_[k].inbox[s] = {false, 0, before_ ? met : std::vector<float>(c.begin(), c.end())};
      }
    }
    for (const std::size_t k : workers) {
      for (std::size_t s = 0; s < ranges_.size(); ++s) {
        workers_[k].inbox[s].version = log_[s].size();
        receive(k, s);
      }
    }
  }

  /// The commit of worker k comes after its round was closed.
  void come_late(std::size_t k) {
    speaker& w = workers_[k];
    send(k);
    for (std::size_t s = 0; s < ranges_.size(); ++s) {
      const slice_range& r = ranges_[s];
      const std::vector<float> c(part(center_, r).begin(), part(center_, r).end());
      w.half->on_dropped(r, part(w.sent, r), c, part(w.x, r));
      start_from(k, s, c, log_[s].size());
    }
    close(k);
  }

  /// Commits of others to the slice since the centre worker k started from.
  std::uint64_t staleness(std::size_t k, std::size_t slice) const {
    return commits_of_others(k, slice, workers_[k].base);
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
    std::vector<float> x, sent, gradient;
    std::vector<float> started_from;  // the centre
    window_facts facts;
    double fraction = 0;  // of rows before the window
    std::uint64_t sequence = 0;
    struct {
      window_facts facts;
      double fraction = 0;
      std::vector<std::uint64_t> base;
      std::vector<float> started_from;
    } committed;                      // what these were when the last window was sent
    std::vector<std::uint64_t> base;  // version of each slice it started its window from
    std::vector<answer> inbox;
    std::size_t answered = 0;
  };
  static span<float> part(std::vector<float>& whole, const slice_range& r) {
    return {whole.data() + r.first, r.count};
  }

  std::uint64_t commits_of_others(std::size_t k, std::size_t slice,
                                  const std::vector<std::uint64_t>& base) const {
    const std::vector<std::size_t>& log = log_[slice];
    const auto since = log.begin() + static_cast<std::ptrdiff_t>(base[slice]);
    return static_cast<std::uint64_t>(
        std::count_if(since, log.end(), [k](std::size_t who) { return who != k; }));
  }

  commit_view view_of(std::size_t k, std::size_t slice) {
    speaker& w = workers_[k];
    commit_view view;
    view.payload = part(w.sent, ranges_[slice]);
    view.worker = static_cast<std::uint32_t>(k);
    view.mini_batches = w.committed.facts.mini_batches;
    view.rows = w.committed.facts.rows;
    view.fraction = w.committed.fraction;
    if (keeps_base_) view.base = part(w.committed.started_from, ranges_[slice]);
    return view;
  }

  void start_from(std::size_t k, std::size_t slice, span<const float> c, std::uint64_t version) {
    std::copy(c.begin(), c.end(), part(workers_[k].started_from, ranges_[slice]).data());
    workers_[k].base[slice] = version;
  }

  void close(std::size_t k) {
    workers_[k].answered = 0;
    workers_[k].facts = {};
  }

  bool before_, keeps_base_;
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
