// Bulk synchronous parallel, with the backup workers of Chen et al., "Revisiting distributed
// synchronous SGD", ICLR 2016 workshop.
//
// Round t holds the members' commits of clock t. Without backups it is applied when all are here;
// with b of them, when all but b are: the slice that decides takes the first ones to arrive, tells
// the others whose they are, and commits that come later are dropped everywhere.

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "troupe/optimizers/consistency.hpp"

namespace troupe {

namespace {

class synchronous : public consistency {
 public:
  synchronous(std::uint64_t backups, bool decides) : backups_(backups), decides_(decides) {}

  steps commit(std::uint32_t worker, std::uint64_t clock) override {
    if (clock <= clock_ || from_clock_.count(worker) == 0) {
      return {{step::kind::drop, {worker}, 0}};
    }
    kept_[worker] = clock;
    return advance();
  }

  steps join(const membership& now) override {
    from_clock_.clear();
    for (const membership::member& m : now.members) from_clock_[m.worker] = m.from_clock;
    steps out;
    step gone{step::kind::drop, {}, 0};
    for (auto k = kept_.begin(); k != kept_.end();) {
      const bool stays = from_clock_.count(k->first) > 0;
      if (!stays) gone.workers.push_back(k->first);
      k = stays ? std::next(k) : kept_.erase(k);
    }
    if (!gone.workers.empty()) out.push_back(std::move(gone));
    for (step& s : advance()) out.push_back(std::move(s));
    return out;
  }

  steps close(std::uint64_t clock, const std::vector<std::uint32_t>& accepted) override {
    if (clock <= clock_) return {};
    const std::set<std::uint32_t> round(accepted.begin(), accepted.end());
    closed_[clock] = {round.begin(), round.end()};
    return advance();
  }

  std::uint64_t clock() const override { return clock_; }

  memory remember() const override { return {clock_, {}, closed_}; }
  void recall(const memory& of) override {
    clock_ = of.clock;
    closed_ = of.closed;
  }

 private:
  /// The workers of the next round, once it can be applied. A round is nobody's where all who had
  /// a part in it have left: it is applied all the same, so that the slices stay in step.
  std::optional<std::vector<std::uint32_t>> next_round() const {
    const std::uint64_t next = clock_ + 1;
    const auto here = [&](std::uint32_t worker) {
      const auto k = kept_.find(worker);
      return k != kept_.end() && k->second == next;
    };
    std::vector<std::uint32_t> round;
    if (backups_ > 0 && !decides_) {
      const auto closed = closed_.find(next);
      if (closed == closed_.end()) return std::nullopt;
      for (const std::uint32_t worker : closed->second) {
        // One that has left since then, or left and came back, will not send what was accepted.
        const auto member = from_clock_.find(worker);
        if (member != from_clock_.end() && member->second < next) round.push_back(worker);
      }
      if (!std::all_of(round.begin(), round.end(), here)) return std::nullopt;
      return round;
    }
    if (from_clock_.empty()) return std::nullopt;
    std::uint64_t expected = 0, passed = 0;
    for (const auto& [worker, from] : from_clock_) {
      if (from >= next) continue;  // it joins later
      ++expected;
      const auto k = kept_.find(worker);
      if (here(worker))
        round.push_back(worker);
      else if (k != kept_.end() && k->second > next)
        ++passed;  // it was given no part
    }
    const std::uint64_t enough = expected > backups_ ? expected - backups_ : 1;
    const std::uint64_t needed = std::min(enough, expected - passed);
    if (round.size() < needed) return std::nullopt;
    return round;
  }

  steps advance() {
    steps out;
    for (auto round = next_round(); round; round = next_round()) {
      ++clock_;
      closed_.erase(clock_);
      for (const std::uint32_t worker : *round) kept_.erase(worker);
      out.push_back({step::kind::round, std::move(*round), clock_});
      step late{step::kind::drop, {}, 0};
      for (auto k = kept_.begin(); k != kept_.end();) {
        const bool stays = k->second > clock_;
        if (!stays) late.workers.push_back(k->first);
        k = stays ? std::next(k) : kept_.erase(k);
      }
      if (!late.workers.empty()) out.push_back(std::move(late));
    }
    return out;
  }

  std::uint64_t backups_;
  bool decides_;
  std::uint64_t clock_ = 0;
  std::map<std::uint32_t, std::uint64_t> from_clock_;           // of the members
  std::map<std::uint32_t, std::uint64_t> kept_;                 // clocks of commits not applied yet
  std::map<std::uint64_t, std::vector<std::uint32_t>> closed_;  // rounds decided elsewhere
};

std::uint64_t backups_of(const settings& options) {
  return static_cast<std::uint64_t>(options.integer("backup_workers"));
}

}  // namespace

consistency_entry synchronous_consistency() {
  consistency_entry entry;
  entry.name = "synchronous";
  entry.summary = "All workers commit, then all of them go on from the same centre.";
  entry.source =
      "Valiant, A bridging model for parallel computation, CACM 1990; backup workers: Chen et al., "
      "Revisiting distributed synchronous SGD, 2016";
  entry.options = {
      declare::integer("backup_workers",
                       "the last so many commits of a round are not waited for: they are dropped, "
                       "and their rows are trained anew",
                       0)
          .at_least(0)
          .at_most(4096)};
  entry.make = [](const settings& options, bool decides) {
    return std::make_unique<synchronous>(backups_of(options), decides);
  };
  entry.closes_rounds = [](const settings& options) { return backups_of(options) > 0; };
  return entry;
}

}  // namespace troupe
