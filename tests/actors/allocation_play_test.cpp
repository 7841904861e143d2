// Who is given what: leases, rounds and views, played against the consistency itself, which says
// whose commits are taken.

#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>

#include "actors/allocation_plan.hpp"
#include "troupe/actors/allocation.hpp"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// Whose turn it is among those who can go on.
enum class haste {
  any,         ///< drawn
  idle_first,  ///< whoever has no rows to train is always quicker
  one_slow,    ///< the last worker moves only where nobody else can
};

class allocation_play {
 public:
  allocation_play(const allocation_setup& s, haste how, std::uint64_t seed)
      : plan_(plan_for(s)),
        how_(how),
        random_(seed, random_purpose::test),
        allocation_(plan_, s.workers),
        gate_(plan_->consistency.make(plan_->of.optimizer.consistency.options, true)),
        workers_(s.workers),
        done_(s.epochs, std::vector<int>(s.rows, 0)) {}

  void run() {
    for (std::uint32_t w = 0; w < workers_.size(); ++w) {
      if (w == 0 || draw(2) == 0) join(w);
    }
    std::uint64_t steps = 0;
    while (!allocation_.all_done()) {
      BOOST_TEST_REQUIRE(++steps < 20000u);
      const auto late = static_cast<std::uint32_t>(draw(workers_.size()));
      if (steps > 20 && !workers_[late].here && draw(10) == 0) join(late);
      std::vector<std::uint32_t> can = able();
      if (can.empty()) {
        // Somebody is to come yet; else all wait for each other.
        const auto next =
            std::find_if(workers_.begin(), workers_.end(), [](const worker& w) { return !w.here; });
        BOOST_TEST_REQUIRE((next != workers_.end()));
        join(static_cast<std::uint32_t>(next - workers_.begin()));
        continue;
      }
      train(choose(can));
    }
    for (const auto& epoch : done_) {
      BOOST_TEST(std::count(epoch.begin(), epoch.end(), 1) ==
                 static_cast<std::ptrdiff_t>(epoch.size()));
    }
  }

  std::uint64_t dropped() const { return dropped_; }

 private:
  struct worker {
    bool here = false, waits = false;
    std::uint64_t clock = 0;
    std::deque<lease> leases;
    std::vector<position_range> window;  // trained, not answered
    std::uint32_t epoch = 0;
  };

  std::uint64_t draw(std::uint64_t bound) { return random_.below(drawn_++, bound); }
  bool rounds() const { return plan_->in_rounds(); }

  void join(std::uint32_t w) {
    workers_[w].here = true;
    allocation_.joined(w);
    grant();
  }

  void grant() {
    const auto leases = allocation_.grant(now_);
    if (const auto view = allocation_.take_view()) {
      BOOST_TEST_REQUIRE(view->number > views_);
      views_ = view->number;
      BOOST_TEST_REQUIRE(
          std::is_sorted(view->members.begin(), view->members.end(),
                         [](const auto& a, const auto& b) { return a.worker < b.worker; }));
      members_ = view->members.size();
      follow(gate_->join(*view));
    }
    std::map<std::uint64_t, std::size_t> parts;
    for (const auto& l : leases) {
      worker& to = workers_[l.worker];
      BOOST_TEST_REQUIRE(to.here);
      if (!rounds()) BOOST_TEST_REQUIRE(to.leases.size() < 2u);
      if (l.closes) ++parts[l.clock];
      to.clock = std::max(to.clock, rounds() ? 0 : l.clock);
      to.leases.push_back(l);
    }
    for (const auto& [clock, count] : parts) {
      BOOST_TEST_REQUIRE(count <= members_);
      BOOST_TEST_REQUIRE(count + plan_->backup_workers() >= members_);
      BOOST_TEST_REQUIRE(clock == ++rounds_);
    }
  }

  std::vector<std::uint32_t> able() const {
    std::vector<std::uint32_t> can;
    for (std::uint32_t w = 0; w < workers_.size(); ++w) {
      if (!workers_[w].waits && !workers_[w].leases.empty()) can.push_back(w);
    }
    return can;
  }

  std::uint32_t choose(std::vector<std::uint32_t>& can) {
    if (how_ == haste::one_slow && can.size() > 1 && can.back() + 1 == workers_.size()) {
      can.pop_back();
    }
    if (how_ == haste::idle_first) {
      for (const std::uint32_t w : can) {
        if (workers_[w].leases.front().range.size() == 0) return w;
      }
    }
    return can[draw(can.size())];
  }

  /// A window: of its round, or as many rows as a window has, of one epoch.
  void train(std::uint32_t w) {
    worker& who = workers_[w];
    who.epoch = who.leases.front().epoch;
    const std::uint64_t round = who.leases.front().clock;
    std::uint64_t room = std::uint64_t{plan_->setup.window} * plan_->of.training.batch_size;
    while (!who.leases.empty()) {
      lease& l = who.leases.front();
      if (rounds() ? l.clock != round : (l.epoch != who.epoch || room == 0)) break;
      const std::uint64_t count = std::min(room, l.range.size());
      if (count > 0) who.window.push_back({l.range.first, l.range.first + count});
      l.range.first += count;
      room -= count;
      if (l.range.size() == 0) who.leases.pop_front();
    }
    if (rounds()) BOOST_TEST_REQUIRE(who.clock < round);
    who.clock = rounds() ? round : who.clock + 1;
    who.waits = true;
    follow(gate_->commit(w, who.clock));
    grant();
  }

  void follow(const consistency::steps& steps) {
    using kind = consistency::step::kind;
    for (const consistency::step& s : steps) {
      for (const std::uint32_t w : s.workers) {
        if (s.what != kind::apply) report(w, s.what == kind::drop);
      }
    }
  }

  void report(std::uint32_t w, bool dropped) {
    worker& who = workers_[w];
    BOOST_TEST_REQUIRE(who.waits);
    who.waits = false;
    wire_builder<schema::Progress> out;
    out->setWorker(w);
    out->setEpoch(who.epoch);
    out->setDropped(dropped);
    out->setClock(dropped ? std::max(who.clock, gate_->clock()) : who.clock);
    std::uint64_t rows = 0;
    auto ranges = out->initRanges(static_cast<unsigned>(who.window.size()));
    for (unsigned i = 0; i < ranges.size(); ++i) {
      ranges[i].setFirst(who.window[i].first);
      ranges[i].setLast(who.window[i].last);
      rows += who.window[i].size();
      for (std::uint64_t p = who.window[i].first; !dropped && p < who.window[i].last; ++p) {
        ++done_[who.epoch][p];
      }
    }
    out->setRows(rows);
    who.window.clear();
    BOOST_TEST_REQUIRE(allocation_.take(*std::move(out).finish(), now_) == "");
    dropped_ += dropped ? 1 : 0;
    while (dropped && !who.leases.empty() && who.leases.front().clock <= gate_->clock()) {
      const lease l = who.leases.front();
      who.leases.pop_front();
      if (l.range.size() == 0) continue;
      BOOST_TEST_REQUIRE(allocation_.take(*yielded(w, l.id, l.range.first), now_) == "");
    }
  }

  std::shared_ptr<run_plan> plan_;
  haste how_;
  random_stream random_;
  std::uint64_t drawn_ = 0, views_ = 0, rounds_ = 0, dropped_ = 0;
  std::size_t members_ = 0;
  double now_ = 0;
  allocation allocation_;
  std::unique_ptr<consistency> gate_;
  std::vector<worker> workers_;
  std::vector<std::vector<int>> done_;
};

std::uint64_t play_all(const allocation_setup& s) {
  std::uint64_t dropped = 0;
  for (const haste how : {haste::any, haste::idle_first, haste::one_slow}) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      BOOST_TEST_CONTEXT(s.consistency << ", " << s.workers << " workers, " << s.rows << " rows, "
                                       << s.window << " x " << s.batch << ", haste "
                                       << static_cast<int>(how) << ", seed " << seed) {
        allocation_play game(s, how, seed);
        game.run();
        dropped += game.dropped();
      }
    }
  }
  return dropped;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocations_at_play)

BOOST_AUTO_TEST_CASE(every_row_is_given_out_and_done_once) {
  for (const char* consistency : {"asynchronous", "{name: bounded, staleness: 1}",
                                  "{name: bounded, staleness: 3}", "synchronous"}) {
    for (const std::uint32_t workers : {1u, 2u, 5u}) {
      for (const std::size_t rows : {1u, 9u, 50u, 97u}) {
        BOOST_TEST(play_all({rows, workers, 4, 2, consistency, 3}) == 0u);
        play_all({rows, workers, 1, 1, consistency, 2});
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(with_backup_workers_too_however_slow_those_with_rows_are) {
  std::uint64_t dropped = 0;
  for (const int backups : {1, 2, 4}) {
    const std::string consistency =
        "{name: synchronous, backup_workers: " + std::to_string(backups) + "}";
    for (const std::uint32_t workers : {2u, 3u, 5u, 8u}) {
      if (static_cast<std::uint32_t>(backups) >= workers) continue;
      for (const std::size_t rows : {1u, 9u, 50u, 97u}) {
        dropped += play_all({rows, workers, 4, 2, consistency, 3});
        dropped += play_all({rows, workers, 4, 1, consistency, 2});
      }
    }
  }
  BOOST_TEST(dropped > 500u);
}

BOOST_AUTO_TEST_SUITE_END()
