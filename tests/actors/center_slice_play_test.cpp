// Random conversations with one slice: messages that come twice or late, answers that are lost,
// workers that die and come back, views that are slow. Every commit counts once or not at all, as
// its answer says.

#include <array>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <functional>
#include <numeric>
#include <set>

#include "actors/slice_talk.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using kind = slice_talk::kind;

class play {
 public:
  play(const slice_setup& with, std::uint64_t seed, bool churn)
      : talk_(with),
        in_rounds_(with.consistency == "synchronous"),
        has_views_(with.consistency != "asynchronous"),
        churn_(churn),
        random_(seed, random_purpose::test) {
    for (std::uint32_t w = 0; w < 4; ++w) view_.members.push_back({w, 0});
    view_.number = 1;
    views_.push_back(view_);
  }

  void run(std::uint64_t events) {
    for (; events > 0; --events) act(true);
    for (events = 0; act(false) && events < 5000; ++events) {
    }
    BOOST_TEST(events < 5000u);
    view_.members.clear();
    ++view_.number;
    views_.push_back(view_);
    while (act(false)) {
    }
    check();
  }

  std::uint64_t seen(kind what) const { return seen_[static_cast<std::size_t>(what)]; }

 private:
  /// What the world knows of one commit.
  struct commit {
    slice_talk::facts f;
    bool applied = false, answered = false;
  };
  struct worker {
    bool alive = true, busy = false;
    std::uint32_t incarnation = 1;
    std::uint64_t sequence = 0, clock = 0;
    commit now;
    std::deque<std::size_t> sent, stray;  // numbers in all_; stray: of a dead incarnation
  };

  std::uint64_t draw(std::uint64_t bound) { return random_.below(drawn_++, bound); }

  bool act(bool more) {
    if (more && churn_ && draw(15) == 0) change_members();
    std::vector<std::function<void()>> can;
    for (std::uint32_t w = 0; w < 4; ++w) {
      worker& who = workers_[w];
      if (more && who.alive && !who.busy) can.push_back([this, w] { send(w); });
      for (auto* queue : {&who.sent, &who.stray}) {
        if (queue == &who.stray && more && draw(20) > 0) continue;  // it takes its time
        if (!queue->empty()) can.push_back([this, w, queue] { deliver(w, *queue); });
      }
      // In doubt it asks again.
      if (who.alive && who.busy && who.sent.empty() && (more || lost_.count(w) > 0)) {
        can.push_back([this, w] { workers_[w].sent.push_back(current_[w]); });
      }
    }
    if (!views_.empty()) can.push_back([this] { view(); });
    if (can.empty()) return false;
    can[draw(can.size())]();
    return true;
  }

  void send(std::uint32_t w) {
    worker& who = workers_[w];
    ++who.clock;
    while (planned_ < who.clock) round_view_[++planned_] = view_.number;
    slice_talk::facts f;
    f.worker = w;
    f.sequence = ++who.sequence;
    f.clock = who.clock;
    f.incarnation = who.incarnation;
    f.view = in_rounds_ ? round_view_[who.clock] : joined_[w];
    if (!has_views_) f.view = 0;
    f.base = talk_.version();
    f.payload.assign(8, 0.0f);
    f.payload[w] = 1;
    current_[w] = all_.size();
    all_.push_back({f, false, false});
    who.busy = true;
    for (std::uint64_t copies = 1 + draw(3) / 2; copies > 0; --copies) {
      who.sent.push_back(current_[w]);
    }
  }

  void deliver(std::uint32_t w, std::deque<std::size_t>& queue) {
    const std::size_t number = queue.front();
    queue.pop_front();
    const commit& c = all_[number];
    const bool applied = c.applied, answered = c.answered;
    auto answers = talk_.commit(c.f);
    const kind mine = slice_talk::kind_of(answers.back());
    if (applied && answered) BOOST_TEST_REQUIRE((mine == kind::REPEAT || mine == kind::FENCED));
    if (mine == kind::REPEAT) BOOST_TEST_REQUIRE((applied && answered));
    BOOST_TEST_REQUIRE((mine != kind::REFUSED));
    if (mine == kind::HELD) {
      waiting_[w] = number;
    } else if (mine != kind::FENCED) {
      waiting_.erase(w);
    }
    heard(w, number, mine);
    answers.pop_back();
    later(answers);
  }

  void view() {
    const membership now = views_.front();
    views_.pop_front();
    later(talk_.slice().join(now));
  }

  void later(const center_slice::answers& answers) {
    for (const auto& a : answers) {
      BOOST_TEST_REQUIRE(waiting_.count(a.worker) == 1u);
      const std::size_t number = waiting_.at(a.worker);
      waiting_.erase(a.worker);
      BOOST_TEST_REQUIRE((*a.verdict).getSequence() == all_[number].f.sequence);
      BOOST_TEST_REQUIRE((slice_talk::kind_of(a) != kind::HELD));
      heard(a.worker, number, slice_talk::kind_of(a));
    }
  }

  void heard(std::uint32_t w, std::size_t number, kind what) {
    ++seen_[static_cast<std::size_t>(what)];
    commit& c = all_[number];
    if (what == kind::HELD) return;
    if (what == kind::APPLIED) {
      BOOST_TEST_REQUIRE(!c.answered);
      c.applied = true;
    }
    c.answered = true;
    worker& who = workers_[w];
    if (!who.busy || current_[w] != number) return;
    if (draw(5) == 0) {  // the answer does not arrive
      lost_.insert(w);
      return;
    }
    lost_.erase(w);
    who.busy = false;
    if (what == kind::DROPPED) who.clock = std::max(who.clock, talk_.version());
  }

  void change_members() {
    const auto w = static_cast<std::uint32_t>(draw(4));
    worker& who = workers_[w];
    auto& members = view_.members;
    if (who.alive && members.size() == 1) return;  // a view of nobody is the last
    ++view_.number;
    if (who.alive) {
      members.erase(std::find_if(members.begin(), members.end(),
                                 [&](const auto& m) { return m.worker == w; }));
      who.alive = false;
      lost_.erase(w);
      if (draw(3) > 0) who.stray = who.sent;
      who.sent.clear();
    } else {
      std::uint64_t least = planned_;
      for (const auto& m : members) least = std::min(least, workers_[m.worker].clock);
      const std::uint64_t clock = in_rounds_ ? planned_ : std::max(who.clock, least);
      who.alive = true;
      who.busy = false;
      ++who.incarnation;
      who.sequence = 0;
      who.clock = clock;
      joined_[w] = view_.number;
      members.push_back({w, clock});
      std::sort(members.begin(), members.end(),
                [](const auto& a, const auto& b) { return a.worker < b.worker; });
    }
    views_.push_back(view_);
  }

  void check() {
    std::vector<float> expected(8, 0.0f);
    for (const commit& c : all_) expected[c.f.worker] += c.applied ? 1.0f : 0.0f;
    for (std::uint32_t w = 0; w < 4; ++w) {
      // What died unheard may have been taken or not.
      const float got = talk_.center()[w];
      BOOST_TEST(got >= expected[w]);
      float unheard = 0;
      for (const commit& c : all_) {
        unheard += c.f.worker == w && !c.answered ? 1.0f : 0.0f;
      }
      BOOST_TEST(got <= expected[w] + unheard);
      if (!churn_) BOOST_TEST(unheard == 0.0f);
    }
    if (in_rounds_) return;
    const std::vector<float> center = talk_.center();
    const float total = std::accumulate(center.begin(), center.end(), 0.0f);
    BOOST_TEST(static_cast<float>(talk_.version()) == total);
  }

  slice_talk talk_;
  bool in_rounds_, has_views_, churn_;
  random_stream random_;
  std::uint64_t drawn_ = 0, planned_ = 0;
  membership view_;
  std::deque<membership> views_;
  std::vector<worker> workers_{4};
  std::vector<commit> all_;
  std::map<std::uint32_t, std::size_t> current_, waiting_;
  std::map<std::uint64_t, std::uint64_t> round_view_;
  std::map<std::uint32_t, std::uint64_t> joined_{{0, 1}, {1, 1}, {2, 1}, {3, 1}};
  std::set<std::uint32_t> lost_;
  std::array<std::uint64_t, 6> seen_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(slices_at_play)

BOOST_AUTO_TEST_CASE(every_commit_counts_once_or_not_at_all) {
  for (const std::string name : {"asynchronous", "bounded", "synchronous", "backups"}) {
    for (const bool churn : {false, true}) {
      std::uint64_t held = 0, repeated = 0, dropped = 0, fenced = 0;
      for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        BOOST_TEST_CONTEXT(name << (churn ? ", churn" : "") << ", seed " << seed) {
          slice_setup setup;
          setup.consistency = name == "backups" ? "synchronous" : name;
          if (name == "bounded") setup.options = {{"staleness", 1}};
          if (name == "backups") setup.options = {{"backup_workers", 2}};
          setup.decides = true;
          play game(setup, seed, churn);
          game.run(800);
          BOOST_TEST(game.seen(kind::APPLIED) > 50u);
          held += game.seen(kind::HELD);
          repeated += game.seen(kind::REPEAT);
          dropped += game.seen(kind::DROPPED);
          fenced += game.seen(kind::FENCED);
        }
      }
      BOOST_TEST(repeated > 100u);
      BOOST_TEST((held > 100u) == (name != "asynchronous"));
      BOOST_TEST((dropped > 100u) == (name == "backups" || (churn && name == "synchronous")));
      BOOST_TEST((fenced > 10u) == churn);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
