// Stale synchronous parallel: Ho et al., "More effective distributed ML via a stale synchronous
// parallel parameter server", NIPS 2013.
//
// A commit of clock t is applied when it arrives; its worker goes on once every member has
// committed clock t - s. So a worker trains its window t + 1 only while the slowest one is at work
// on its window t + 1 - s or a later one.

#include <algorithm>
#include <limits>
#include <map>

#include "troupe/optimizers/consistency.hpp"

namespace troupe {

namespace {

class bounded : public consistency {
 public:
  explicit bounded(std::uint64_t staleness) : staleness_(staleness) {}

  steps commit(std::uint32_t worker, std::uint64_t clock) override {
    steps out = {{step::kind::apply, {}, 0}};
    const auto member = clocks_.find(worker);
    if (member == clocks_.end()) {
      out.push_back({step::kind::release, {worker}, 0});  // nobody waits for it, nor it for anyone
      return out;
    }
    member->second = std::max(member->second, clock);
    waiting_[worker] = clock;
    release(out);
    return out;
  }

  steps again(std::uint32_t worker, std::uint64_t clock) override {
    waiting_[worker] = clock;
    steps out;
    release(out);
    return out;
  }

  steps join(const membership& now) override {
    std::map<std::uint32_t, std::uint64_t> clocks;
    for (const membership::member& m : now.members) {
      const auto known = clocks_.find(m.worker);
      const std::uint64_t clock = known == clocks_.end() ? 0 : known->second;
      clocks[m.worker] = std::max(clock, m.from_clock);
    }
    clocks_ = std::move(clocks);
    steps out;
    release(out);
    return out;
  }

  memory remember() const override { return {0, clocks_, {}}; }
  void recall(const memory& of) override { clocks_ = of.clocks; }

 private:
  void release(steps& out) {
    std::uint64_t slowest = std::numeric_limits<std::uint64_t>::max() - staleness_;
    for (const auto& [worker, clock] : clocks_) slowest = std::min(slowest, clock);
    step answered{step::kind::release, {}, 0};
    for (auto w = waiting_.begin(); w != waiting_.end();) {
      const bool go = w->second <= slowest + staleness_ || clocks_.count(w->first) == 0;
      if (go) answered.workers.push_back(w->first);
      w = go ? waiting_.erase(w) : std::next(w);
    }
    if (!answered.workers.empty()) out.push_back(std::move(answered));
  }

  std::uint64_t staleness_;
  std::map<std::uint32_t, std::uint64_t> clocks_;   // of the members
  std::map<std::uint32_t, std::uint64_t> waiting_;  // applied, not answered
};

}  // namespace

consistency_entry bounded_consistency() {
  consistency_entry entry;
  entry.name = "bounded";
  entry.summary = "No worker is more than `staleness` windows ahead of the slowest one.";
  entry.source =
      "Ho et al., More effective distributed ML via a stale synchronous parallel parameter server, "
      "NIPS 2013";
  entry.options = {
      declare::integer("staleness", "windows a worker may be ahead; 0 is `synchronous`", 4)
          .at_least(0)
          .at_most(1e6)};
  entry.make = [](const settings& options, bool) {
    return std::make_unique<bounded>(static_cast<std::uint64_t>(options.integer("staleness")));
  };
  return entry;
}

}  // namespace troupe
