#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "actors/allocation_plan.hpp"
#include "troupe/actors/allocation.hpp"
#include "troupe/actors/messages/wire.hpp"

namespace troupe::testing {

/// Workers of given speeds in virtual time, mini-batch by mini-batch, against the real allocation
/// and the real consistency.
class timed_play {
 public:
  /// Rows a second of a worker at a time.
  using speeds = std::function<double(std::uint32_t worker, double time)>;

  timed_play(const allocation_setup& s, speeds of)
      : plan_(plan_for(s)),
        speed_(std::move(of)),
        allocation_(plan_, s.workers),
        gate_(plan_->consistency.make(plan_->of.optimizer.consistency.options, true)),
        workers_(s.workers),
        done_(s.epochs, std::vector<int>(s.rows, 0)) {}

  void at(double time, std::function<void()> what) {
    events_.push({time, order_++, std::move(what)});
  }
  void join(std::uint32_t w) {
    if (workers_[w].here) return;
    workers_[w].here = true;
    allocation_.joined(w);
    grant();
  }
  /// What the servers took of it is done; what it reported is in the books.
  void die(std::uint32_t w) {
    worker& who = workers_[w];
    if (!who.here) return;
    const std::uint32_t life = who.life + 1;
    allocation_.left(w);
    take_view();
    std::uint64_t taken = 0;
    if (who.waits && who.applied) {
      for (const position_range& r : who.window) taken += r.size();
      mark(who);
    }
    who = {};
    who.life = life;
    allocation_.give_up(w, taken);
    grant();
  }
  /// Runs until every row is done. \returns when that was.
  double run() {
    tick();
    while (!allocation_.all_done()) {
      BOOST_TEST_REQUIRE(!events_.empty());
      BOOST_TEST_REQUIRE(++steps_ < 2'000'000u);
      const event next = events_.top();
      events_.pop();
      now_ = next.time;
      next.what();
    }
    return now_;
  }

  std::uint64_t moves() const { return moves_; }
  std::uint64_t reshared() const { return reshared_; }
  std::uint64_t windows(std::uint32_t w) const { return workers_[w].windows; }
  bool every_row_once() const {
    return std::all_of(done_.begin(), done_.end(), [](const std::vector<int>& epoch) {
      return std::all_of(epoch.begin(), epoch.end(), [](int times) { return times == 1; });
    });
  }
  double now() const { return now_; }

 private:
  struct worker {
    bool here = false, busy = false, waits = false, applied = false;
    std::uint32_t life = 0;
    std::uint64_t clock = 0, windows = 0;
    std::deque<allocation::granted> leases;
    std::vector<position_range> window;  // trained, not reported
    std::uint64_t window_rows = 0, round = 0;
    bool closes = false;
    std::uint32_t epoch = 0;
    double begun = 0, committed = 0;
  };
  struct event {
    double time;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const event& o) const {
      return std::tie(o.time, o.order) < std::tie(time, order);
    }
  };

  bool rounds() const { return plan_->in_rounds(); }

  void tick() {
    allocation_.reconsider();
    grant();
    at(now_ + 0.1, [this] { tick(); });
  }

  void take_view() {
    const auto view = allocation_.take_view();
    if (!view) return;
    follow(gate_->join(*view));
  }

  void grant() {
    const auto leases = allocation_.grant(now_);
    take_view();
    for (const auto& l : leases) {
      worker& to = workers_[l.worker];
      BOOST_TEST_REQUIRE(to.here);
      if (!rounds()) {
        to.clock = std::max(to.clock, l.clock);
        to.window_rows = l.window_rows;
      }
      if (l.moved_from) ++moves_;
      to.leases.push_back(l);
      go_on(l.worker);
    }
    for (const auto& asked : allocation_.revoke(now_)) give_back(asked.worker, asked.lease);
    if (allocation_.take_shares()) ++reshared_;
  }

  void give_back(std::uint32_t w, std::uint64_t id) {
    worker& who = workers_[w];
    const auto found = std::find_if(who.leases.begin(), who.leases.end(),
                                    [&](const auto& l) { return l.id == id; });
    if (found == who.leases.end() || found->range.size() == 0) return;
    const std::uint64_t first = found->range.first;
    who.leases.erase(found);
    BOOST_TEST_REQUIRE(allocation_.take(*yielded(w, id, first), now_) == "");
    if (!who.busy && !who.waits && !who.window.empty() && who.leases.empty()) commit(w);
    grant();
  }

  /// The next mini-batch, if there is one and nothing is waited for.
  void go_on(std::uint32_t w) {
    worker& who = workers_[w];
    if (who.busy || who.waits || who.leases.empty()) return;
    allocation::granted& l = who.leases.front();
    if (who.window.empty()) who.begun = now_;
    who.epoch = l.epoch;
    who.round = l.clock;
    std::uint64_t rows = std::min<std::uint64_t>(plan_->of.training.batch_size, l.range.size());
    if (who.window_rows > 0) rows = std::min(rows, std::max<std::uint64_t>(left_in(who), 1));
    if (rows > 0) who.window.push_back({l.range.first, l.range.first + rows});
    l.range.first += rows;
    who.closes = l.range.size() == 0 && l.closes;
    if (l.range.size() == 0) who.leases.pop_front();
    who.busy = true;
    // A worker that stands still goes on later.
    double end = now_, todo = static_cast<double>(rows);
    while (todo > 0) {
      const double step = 0.001, speed = speed_(w, end);
      const double takes = speed > 0 ? std::min(step, todo / speed) : step;
      todo -= takes * speed;
      end += takes;
      if (todo < 1e-9) break;
    }
    at(end, [this, w, life = who.life] {
      if (workers_[w].life == life) trained(w);
    });
  }

  std::uint64_t trained_in(const worker& who) const {
    std::uint64_t rows = 0;
    for (const position_range& r : who.window) rows += r.size();
    return rows;
  }
  std::uint64_t left_in(const worker& who) const {
    const std::uint64_t rows = trained_in(who);
    return who.window_rows > rows ? who.window_rows - rows : 0;
  }

  void trained(std::uint32_t w) {
    worker& who = workers_[w];
    who.busy = false;
    const std::uint64_t full = std::uint64_t{plan_->setup.window} * plan_->of.training.batch_size;
    const bool holds = std::any_of(who.leases.begin(), who.leases.end(),
                                   [&](const auto& l) { return l.epoch == who.epoch; });
    const bool whole = trained_in(who) >= (who.window_rows > 0 ? who.window_rows : full);
    if (rounds() ? who.closes : (whole || !holds)) return commit(w);
    go_on(w);
  }

  void commit(std::uint32_t w) {
    worker& who = workers_[w];
    who.clock = rounds() ? who.round : who.clock + 1;
    who.waits = true;
    who.committed = now_;
    who.applied = !rounds();
    follow(gate_->commit(w, who.clock));
  }

  void follow(const consistency::steps& steps) {
    using kind = consistency::step::kind;
    for (const consistency::step& s : steps) {
      if (s.what == kind::apply) continue;
      for (const std::uint32_t w : s.workers) {
        worker& who = workers_[w];
        if (!who.waits) continue;  // it is dead
        who.applied = true;
        const bool dropped = s.what == kind::drop;
        at(now_, [this, w, dropped, life = who.life] {
          if (workers_[w].life == life) report(w, dropped);
        });
      }
    }
  }

  void mark(const worker& who) {
    for (const position_range& r : who.window) {
      for (std::uint64_t p = r.first; p < r.last; ++p) ++done_[who.epoch][p];
    }
  }

  void report(std::uint32_t w, bool dropped) {
    worker& who = workers_[w];
    wire_builder<schema::Progress> out;
    out->setWorker(w);
    out->setEpoch(who.epoch);
    out->setDropped(dropped);
    out->setClock(dropped ? std::max(who.clock, gate_->clock()) : who.clock);
    out->setSeconds(now_ - who.begun);
    out->setWaited(now_ - who.committed);
    auto ranges = out->initRanges(static_cast<unsigned>(who.window.size()));
    for (unsigned i = 0; i < ranges.size(); ++i) {
      ranges[i].setFirst(who.window[i].first);
      ranges[i].setLast(who.window[i].last);
    }
    out->setRows(trained_in(who));
    if (!dropped) mark(who);
    who.window.clear();
    who.waits = false;
    ++who.windows;
    BOOST_TEST_REQUIRE(allocation_.take(*std::move(out).finish(), now_) == "");
    while (dropped && !who.leases.empty() && who.leases.front().clock <= gate_->clock()) {
      const lease l = who.leases.front();
      who.leases.pop_front();
      if (l.range.size() == 0) continue;
      BOOST_TEST_REQUIRE(allocation_.take(*yielded(w, l.id, l.range.first), now_) == "");
    }
    go_on(w);
    grant();
  }

  std::shared_ptr<run_plan> plan_;
  speeds speed_;
  allocation allocation_;
  std::unique_ptr<consistency> gate_;
  std::vector<worker> workers_;
  std::vector<std::vector<int>> done_;
  std::priority_queue<event> events_;
  std::uint64_t order_ = 0, steps_ = 0, moves_ = 0, reshared_ = 0;
  double now_ = 0;
};

}  // namespace troupe::testing
