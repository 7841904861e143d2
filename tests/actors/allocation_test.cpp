// Who is given what: leases, rounds and views, played against the consistency itself, which says
// whose commits are taken.

#include "troupe/actors/allocation.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>

#include "actors/plan_fixture.hpp"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

struct setting_of_play {
  std::size_t rows = 50;
  std::uint32_t workers = 3;
  std::uint32_t batch = 4;
  std::uint32_t window = 2;
  std::string consistency = "synchronous";
  std::uint32_t epochs = 3;
};

std::shared_ptr<run_plan> plan_for(const setting_of_play& s) {
  const job of = job_around(
      "{input: [1], layers: [{dense: {units: 1}}], loss: mean_squared_error}",
      "{protocol: adag, communication_window: " + std::to_string(s.window) +
          ", consistency: " + s.consistency + "}",
      "{epochs: " + std::to_string(s.epochs) + ", batch_size: " + std::to_string(s.batch) + "}",
      "{workers: " + std::to_string(s.workers) + "}");
  return plan_over(of, numbered_rows(s.rows, {1}, element_type::u8));
}

/// Whose turn it is among those who can go on.
enum class haste {
  any,         ///< drawn
  idle_first,  ///< whoever has no rows to train is always quicker
  one_slow,    ///< the last worker moves only where nobody else can
};

class allocation_play {
 public:
  allocation_play(const setting_of_play& s, haste how, std::uint64_t seed)
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
    const std::vector<lease> leases = allocation_.grant([](std::uint32_t w) { return 7.0 * w; });
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
    for (const lease& l : leases) {
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
    BOOST_TEST_REQUIRE(allocation_.take(*std::move(out).finish()) == "");
    dropped_ += dropped ? 1 : 0;
    while (dropped && !who.leases.empty() && who.leases.front().clock <= gate_->clock()) {
      const lease l = who.leases.front();
      who.leases.pop_front();
      if (l.range.size() == 0) continue;
      wire_builder<schema::Yielded> back;
      back->setWorker(w);
      back->setLease(l.id);
      back->setFirst(l.range.first);
      BOOST_TEST_REQUIRE(allocation_.take(*std::move(back).finish()) == "");
    }
  }

  std::shared_ptr<run_plan> plan_;
  haste how_;
  random_stream random_;
  std::uint64_t drawn_ = 0, views_ = 0, rounds_ = 0, dropped_ = 0;
  std::size_t members_ = 0;
  allocation allocation_;
  std::unique_ptr<consistency> gate_;
  std::vector<worker> workers_;
  std::vector<std::vector<int>> done_;
};

std::uint64_t play_all(const setting_of_play& s) {
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

/// A report of one range.
struct told {
  std::uint32_t worker = 0, epoch = 0;
  position_range range;
  std::uint64_t rows = 0, clock = 1;
  bool dropped = false;

  std::string to(allocation& a) const {
    wire_builder<schema::Progress> out;
    out->setWorker(worker);
    out->setEpoch(epoch);
    auto ranges = out->initRanges(1);
    ranges[0].setFirst(range.first);
    ranges[0].setLast(range.last);
    out->setRows(rows);
    out->setClock(clock);
    out->setDropped(dropped);
    return a.take(*std::move(out).finish());
  }
};

std::string give_back(allocation& a, std::uint32_t worker, std::uint64_t id, std::uint64_t first) {
  wire_builder<schema::Yielded> out;
  out->setWorker(worker);
  out->setLease(id);
  out->setFirst(first);
  return a.take(*std::move(out).finish());
}

double unknown_speed(std::uint32_t) {
  return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocations)

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

BOOST_AUTO_TEST_CASE(reports_of_what_was_not_given_are_refused) {
  allocation a(plan_for({16, 2, 4, 1, "synchronous", 1}), 2);
  for (const std::uint32_t w : {0u, 1u}) a.joined(w);
  const auto leases = a.grant(unknown_speed);  // rounds 1 and 2, 4 rows each
  BOOST_TEST_REQUIRE(leases.size() == 4u);
  const told right{1, 0, {4, 8}, 4, 1};
  auto refused = [&](auto change) {
    told wrong = right;
    change(wrong);
    return !wrong.to(a).empty();
  };
  constexpr std::uint64_t most = ~std::uint64_t{0};
  BOOST_TEST(refused([](told& t) { t.worker = 2; }));
  BOOST_TEST(refused([](told& t) { t.worker = 0; }));
  BOOST_TEST(refused([](told& t) { t.epoch = 1; }));
  BOOST_TEST(refused([](told& t) { t.range = {8, 12}; }));
  BOOST_TEST(refused([](told& t) { t.range = {4, 9}; }));
  BOOST_TEST(refused([](told& t) { t.range = {8, 4}; }));
  BOOST_TEST(refused([](told& t) { t.range = {4, most}; }));
  BOOST_TEST(!give_back(a, 0, leases[1].id, 4).empty());
  BOOST_TEST(!give_back(a, 2, leases[1].id, 4).empty());
  BOOST_TEST(!give_back(a, 1, leases[1].id, 3).empty());
  BOOST_TEST(!give_back(a, 1, leases[1].id, 8).empty());
  BOOST_TEST(!give_back(a, 1, 77, 4).empty());
  BOOST_TEST(right.to(a) == "");
  BOOST_TEST(refused([](told&) {}));  // a second time
  // A number of rows or a round that cannot be.
  BOOST_TEST((!told{0, 0, {0, 4}, 3, 1}.to(a).empty()));
  allocation b(plan_for({16, 2, 4, 1, "synchronous", 1}), 2);
  for (const std::uint32_t w : {0u, 1u}) b.joined(w);
  b.grant(unknown_speed);
  BOOST_TEST((!told{0, 0, {0, 4}, 4, 3}.to(b).empty()));
}

BOOST_AUTO_TEST_CASE(rounds_are_given_out_two_ahead) {
  allocation a(plan_for({64, 2, 4, 1, "synchronous", 1}), 2);
  BOOST_TEST(a.grant(unknown_speed).empty());
  BOOST_TEST(a.view() == 0u);
  a.joined(1);
  a.joined(1);
  a.joined(0);
  BOOST_TEST(a.view() == 2u);
  const auto view = a.take_view();
  BOOST_TEST_REQUIRE(view.has_value());
  BOOST_TEST(!a.take_view());
  BOOST_TEST((view->members == std::vector<membership::member>{{0, 0}, {1, 0}}));
  auto clocks = [&] {
    std::vector<std::uint64_t> out;
    for (const lease& l : a.grant(unknown_speed)) out.push_back(l.clock);
    return out;
  };
  BOOST_TEST((clocks() == std::vector<std::uint64_t>{1, 1, 2, 2}));
  BOOST_TEST(clocks().empty());
  BOOST_TEST((told{0, 0, {0, 4}, 4, 1}.to(a) == ""));
  BOOST_TEST((clocks() == std::vector<std::uint64_t>{3, 3}));
  BOOST_TEST((told{1, 0, {4, 8}, 4, 1}.to(a) == ""));
  BOOST_TEST(clocks().empty());
  a.dissolve();
  BOOST_TEST(a.take_view()->members.empty());
  BOOST_TEST(a.view() == 3u);
}

BOOST_AUTO_TEST_CASE(whoever_has_nothing_to_train_is_no_member) {
  // Two workers, three windows of four rows: when all are given out, those who are done leave.
  allocation a(plan_for({12, 2, 4, 1, "{name: bounded, staleness: 1}", 1}), 2);
  for (const std::uint32_t w : {0u, 1u}) a.joined(w);
  const auto leases = a.grant(unknown_speed);
  BOOST_TEST_REQUIRE(leases.size() == 3u);  // two for the first, one for the second
  BOOST_TEST(a.take_view()->members.size() == 2u);
  BOOST_TEST((told{1, 0, {8, 12}, 4, 1}.to(a) == ""));
  BOOST_TEST(a.grant(unknown_speed).empty());
  const auto view = a.take_view();
  BOOST_TEST_REQUIRE(view.has_value());
  BOOST_TEST((view->members == std::vector<membership::member>{{0, 0}}));
  // Something comes back: it enters again, where it was or where the slowest is.
  BOOST_TEST((told{0, 0, {0, 4}, 4, 1}.to(a) == ""));
  BOOST_TEST(give_back(a, 0, leases[1].id, 4) == "");
  const auto again = a.grant(unknown_speed);
  BOOST_TEST_REQUIRE(again.size() == 1u);
  BOOST_TEST(again[0].worker == 0u);
  BOOST_TEST(again[0].clock == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_view_nobody_is_dissolved) {
  allocation a(plan_for({12, 2, 4, 1, "asynchronous", 1}), 2);
  a.joined(0);
  BOOST_TEST(!a.grant(unknown_speed).empty());
  a.dissolve();
  BOOST_TEST(!a.take_view());
}

BOOST_AUTO_TEST_SUITE_END()
