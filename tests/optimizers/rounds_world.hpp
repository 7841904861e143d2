#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "troupe/base/random.hpp"
#include "troupe/optimizers/consistency.hpp"

namespace troupe::testing {

/// Draws in the order in which they are asked for.
class lots {
 public:
  explicit lots(std::uint64_t seed) : stream_(seed, random_purpose::test) {}
  std::uint64_t below(std::uint64_t bound) { return stream_.below(drawn_++, bound); }
  bool once_in(std::uint64_t times) { return below(times) == 0; }

 private:
  random_stream stream_;
  std::uint64_t drawn_ = 0;
};

/// Workers that train in rounds against the slices of several servers, of which the first decides;
/// messages between two parties keep their order, all else comes in a random one. The rules that
/// every slice must keep are checked with every step it takes, from what was sent to it alone.
class rounds_world {
 public:
  struct setup {
    std::uint32_t workers = 3;
    std::uint64_t backups = 0;
    std::size_t slices = 2;
    std::uint64_t rounds = 10;
    bool churn = false;  ///< workers die and come back
    bool skips = false;  ///< some rounds are given to as many workers only as are waited for
  };

  rounds_world(const setup& with, std::uint64_t seed)
      : with_(with), lots_(seed), workers_(with.workers), slices_(with.slices) {
    const registry<consistency_entry> known = builtin_consistencies();
    const consistency_entry& entry = known.at("synchronous", "", "consistency");
    const settings options =
        resolve(entry.options, {{"backup_workers", static_cast<std::int64_t>(with.backups)}}, {},
                "consistency synchronous");
    for (std::size_t s = 0; s < slices_.size(); ++s) {
      slices_[s].gate = entry.make(options, s == 0);
      slices_[s].from.resize(workers_.size());
    }
    view_.number = 1;
    for (std::uint32_t w = 0; w < with_.workers; ++w) view_.members.push_back({w, 0});
    send_view();
  }

  /// Plays until nothing moves any more; then everybody must have come through.
  void play() {
    while (act()) {
    }
    for (const worker& w : workers_) {
      if (!w.alive) continue;
      BOOST_TEST_REQUIRE(w.unanswered == 0u);
      BOOST_TEST_REQUIRE(w.clock >= with_.rounds);
    }
    if (view_.members.empty() || with_.skips) return;
    for (const slice& s : slices_) BOOST_TEST(s.gate->clock() >= with_.rounds);
  }

  /// Stops in the middle: with the empty view everybody is answered, whatever is on the way.
  void play_and_dissolve(std::uint64_t moves) {
    while (moves-- > 0 && act()) {
    }
    with_.rounds = 0;  // nobody begins anything
    with_.churn = false;
    view_.members.clear();
    ++view_.number;
    send_view();
    play();
    for (const slice& s : slices_) BOOST_TEST(s.kept.empty());
  }

  std::uint64_t dropped() const { return dropped_; }
  std::uint64_t died() const { return died_; }
  /// The sets of the rounds of a slice.
  const std::map<std::uint64_t, std::vector<std::uint32_t>>& rounds(std::size_t of) const {
    return slices_[of].rounds;
  }

 private:
  struct worker {
    bool alive = true;
    std::uint32_t incarnation = 1;
    std::uint64_t clock = 0;
    std::size_t unanswered = 0;
    std::uint64_t jump = 0;  // the last round that is over, as `dropped` told it
  };
  struct message {
    enum class kind { commit, view, close } what = kind::commit;
    std::uint32_t worker = 0, incarnation = 0;
    std::uint64_t clock = 0, view = 0;
    bool again = false;  // a resend of what was dropped
    membership members;
    std::vector<std::uint32_t> accepted;
  };
  struct kept_commit {
    std::uint32_t incarnation = 0;
    std::uint64_t clock = 0;
  };
  struct slice {
    std::unique_ptr<consistency> gate;
    std::vector<std::deque<message>> from;  // of each worker
    std::deque<message> views, closes, early;
    membership view;
    std::map<std::uint32_t, kept_commit> kept;
    std::map<std::uint32_t, std::uint32_t> incarnations;
    std::map<std::uint64_t, std::vector<std::uint32_t>> rounds;
  };

  void send_view() {
    message m;
    m.what = message::kind::view;
    m.members = view_;
    for (slice& s : slices_) s.views.push_back(m);
  }

  /// One event; false where none is possible.
  bool act() {
    if (with_.churn && lots_.once_in(20)) change_members();
    std::vector<std::pair<std::size_t, std::deque<message>*>> heads;
    for (std::size_t s = 0; s < slices_.size(); ++s) {
      slice& at = slices_[s];
      for (auto& queue : at.from) heads.emplace_back(s, &queue);
      heads.emplace_back(s, &at.views);
      // What a server knew of the view when it closed is known here, too.
      if (!at.closes.empty() && at.closes.front().view <= at.view.number) {
        heads.emplace_back(s, &at.closes);
      }
    }
    heads.erase(std::remove_if(heads.begin(), heads.end(),
                               [](const auto& head) { return head.second->empty(); }),
                heads.end());
    std::vector<std::uint32_t> free;
    for (std::uint32_t w = 0; w < workers_.size(); ++w) {
      const worker& who = workers_[w];
      if (who.alive && who.unanswered == 0 && who.clock < with_.rounds) free.push_back(w);
    }
    if (heads.empty() && free.empty()) return false;
    const std::uint64_t choice = lots_.below(heads.size() + free.size());
    if (choice < free.size()) {
      commit(free[choice]);
    } else {
      deliver(heads[choice - free.size()].first, *heads[choice - free.size()].second);
    }
    return true;
  }

  void commit(std::uint32_t w) {
    worker& who = workers_[w];
    ++who.clock;
    while (with_.skips && lots_.once_in(6) && skipped_[who.clock] < with_.backups)
      ++skipped_[who.clock++];
    if (who.clock > with_.rounds) return;
    // A round belongs to the membership of the time when it is first given out.
    while (planned_ < who.clock) views_[++planned_] = view_.number;
    who.unanswered = slices_.size();
    message m;
    m.worker = w;
    m.incarnation = who.incarnation;
    m.clock = who.clock;
    m.view = views_[who.clock];
    for (slice& s : slices_) s.from[w].push_back(m);
  }

  void change_members() {
    const auto w = static_cast<std::uint32_t>(lots_.below(workers_.size()));
    worker& who = workers_[w];
    auto& members = view_.members;
    ++view_.number;
    if (who.alive) {
      ++died_;
      who.alive = false;
      members.erase(std::find_if(members.begin(), members.end(),
                                 [&](const auto& m) { return m.worker == w; }));
      // Of what it sent, some arrives here and not there.
      for (slice& s : slices_) {
        if (lots_.once_in(2)) s.from[w].clear();
      }
    } else {
      who = worker{true, who.incarnation + 1, planned_, 0, 0};
      members.push_back({w, planned_});
      std::sort(members.begin(), members.end(),
                [](const auto& a, const auto& b) { return a.worker < b.worker; });
    }
    send_view();
  }

  void deliver(std::size_t s, std::deque<message>& queue) {
    slice& at = slices_[s];
    const message m = queue.front();
    queue.pop_front();
    switch (m.what) {
      case message::kind::commit:
        return arrive(s, m);
      case message::kind::view: {
        at.view = m.members;
        follow(s, at.gate->join(m.members));
        for (const message& waiting : std::exchange(at.early, {})) arrive(s, waiting);
        return;
      }
      case message::kind::close:
        return follow(s, at.gate->close(m.clock, m.accepted));
    }
  }

  void arrive(std::size_t s, const message& m) {
    slice& at = slices_[s];
    std::uint32_t& incarnation = at.incarnations[m.worker];
    if (m.incarnation < incarnation) return;  // fenced
    if (m.incarnation > incarnation) at.kept.erase(m.worker);
    incarnation = m.incarnation;
    if (m.view > at.view.number) return at.early.push_back(m);
    BOOST_TEST_REQUIRE(at.kept.count(m.worker) == 0u);  // one under way at a time
    at.kept[m.worker] = {m.incarnation, m.clock};
    follow(s, at.gate->commit(m.worker, m.clock), m.again);
    if (m.again) BOOST_TEST_REQUIRE(at.kept.count(m.worker) == 0u);
  }

  bool takes_part(const slice& at, std::uint32_t w, std::uint64_t clock) const {
    return std::any_of(at.view.members.begin(), at.view.members.end(),
                       [&](const auto& m) { return m.worker == w && m.from_clock < clock; });
  }

  void follow(std::size_t s, const consistency::steps& steps, bool again = false) {
    using kind = consistency::step::kind;
    slice& at = slices_[s];
    for (const consistency::step& step : steps) {
      BOOST_TEST_REQUIRE((step.what == kind::round || step.what == kind::drop));
      BOOST_TEST_REQUIRE(std::is_sorted(step.workers.begin(), step.workers.end()));
      BOOST_TEST_REQUIRE(
          (std::adjacent_find(step.workers.begin(), step.workers.end()) == step.workers.end()));
      if (step.what == kind::round) check_round(s, step);
      for (const std::uint32_t w : step.workers) {
        // A worker that came back as a new incarnation took its old commit with it.
        if (at.kept.count(w) == 0) {
          BOOST_TEST_REQUIRE(at.incarnations[w] > 1u);
          continue;
        }
        const kept_commit was = at.kept.at(w);
        at.kept.erase(w);
        if (step.what == kind::round) BOOST_TEST_REQUIRE(was.clock == step.clock);
        if (!again) answer(s, w, was, step.what == kind::drop);
      }
    }
  }

  void check_round(std::size_t s, const consistency::step& step) {
    slice& at = slices_[s];
    const std::uint64_t last = at.rounds.empty() ? 0 : at.rounds.rbegin()->first;
    BOOST_TEST_REQUIRE(step.clock == last + 1);
    at.rounds[step.clock] = step.workers;
    const std::set<std::uint32_t> in(step.workers.begin(), step.workers.end());
    std::uint64_t expected = 0;
    for (const auto& m : at.view.members) expected += m.from_clock < step.clock ? 1 : 0;
    for (const std::uint32_t w : in) BOOST_TEST_REQUIRE(takes_part(at, w, step.clock));
    if (with_.backups == 0) {
      BOOST_TEST_REQUIRE(in.size() == expected);
    } else if (s == 0) {
      BOOST_TEST_REQUIRE(in.size() <= expected);
      const std::uint64_t rest = expected - std::min(expected, with_.backups);
      const std::uint64_t least = std::max<std::uint64_t>(rest, expected > 0 ? 1 : 0);
      if (!with_.skips) BOOST_TEST_REQUIRE(in.size() >= least);
      if (!with_.churn && !with_.skips) {
        BOOST_TEST_REQUIRE(in.size() == with_.workers - with_.backups);
      }
    } else {
      // What was decided, less those who have left since.
      const auto& decided = slices_[0].rounds.at(step.clock);
      for (const std::uint32_t w : in) {
        BOOST_TEST_REQUIRE(std::count(decided.begin(), decided.end(), w) == 1);
      }
      for (const std::uint32_t w : decided) {
        BOOST_TEST_REQUIRE(takes_part(at, w, step.clock) == (in.count(w) > 0));
      }
    }
    if (s > 0 || with_.backups == 0) return;
    message m;
    m.what = message::kind::close;
    m.clock = step.clock;
    m.view = at.view.number;
    m.accepted = step.workers;
    for (std::size_t other = 1; other < slices_.size(); ++other) {
      slices_[other].closes.push_back(m);
    }
  }

  void answer(std::size_t s, std::uint32_t w, const kept_commit& to, bool drop) {
    worker& who = workers_[w];
    if (!who.alive || who.incarnation != to.incarnation || who.clock != to.clock) return;
    if (drop) {
      ++dropped_;
      who.jump = std::max(who.jump, slices_[s].gate->clock());
      if (lots_.once_in(4)) {  // the answer is lost: it asks again
        message m;
        m.worker = w;
        m.incarnation = to.incarnation;
        m.clock = to.clock;
        m.view = views_[to.clock];
        m.again = true;
        slices_[s].from[w].push_back(m);
      }
    }
    BOOST_TEST_REQUIRE(who.unanswered > 0u);
    if (--who.unanswered == 0) who.clock = std::max(who.clock, who.jump);
  }

  setup with_;
  lots lots_;
  std::vector<worker> workers_;
  std::vector<slice> slices_;
  membership view_;
  std::map<std::uint64_t, std::uint64_t> skipped_, views_;  // of each round
  std::uint64_t planned_ = 0, dropped_ = 0, died_ = 0;
};

}  // namespace troupe::testing
