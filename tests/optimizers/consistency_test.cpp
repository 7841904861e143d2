// Who is let go when, in random schedules: delays, resends, deaths and joins. The golden
// trajectories under each consistency are in bounded_test.cpp and rounds_test.cpp.

#include "troupe/optimizers/consistency.hpp"

#include <boost/test/unit_test.hpp>

#include "optimizers/rounds_world.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using kind = consistency::step::kind;
using workers = std::vector<std::uint32_t>;

std::unique_ptr<consistency> make(const std::string& name, const settings& options,
                                  bool decides = true) {
  const registry<consistency_entry> known = builtin_consistencies();
  const consistency_entry& entry = known.at(name, "", "consistency");
  return entry.make(resolve(entry.options, options, {}, name), decides);
}

/// Bounded staleness by its definition: after every event exactly those wait who are members and
/// more than the bound ahead of some member.
class bounded_world {
 public:
  bounded_world(std::uint32_t count, std::uint64_t bound, std::uint64_t seed)
      : bound_(bound),
        lots_(seed),
        gate_(make("bounded", {{"staleness", static_cast<std::int64_t>(bound)}})),
        all_(count) {
    for (worker& w : all_) w.member = true;
    join();
  }

  void play(std::uint64_t events) {
    for (; events > 0; --events) {
      if (lots_.once_in(12)) {
        change_members();
      } else {
        worker& w = all_[lots_.below(all_.size())];
        // Nobody is ahead for ever: the first ones are drawn more often.
        worker& slow = all_[lots_.below(1 + lots_.below(all_.size()))];
        commit(lots_.once_in(2) ? w : slow);
      }
    }
  }

  /// However far apart they are: when the others have gone on, nobody waits.
  void wind_up() {
    bool moved = true;
    while (moved) {
      moved = false;
      std::uint64_t furthest = 0;
      for (const worker& w : all_) furthest = std::max(furthest, w.clock);
      for (worker& w : all_) {
        if (w.waits || !w.member || w.clock >= furthest) continue;
        commit(w);
        moved = true;
      }
    }
    for (const worker& w : all_) BOOST_TEST(!w.waits);
  }

  void dissolve() {
    for (worker& w : all_) w.member = false;
    join();
    for (const worker& w : all_) BOOST_TEST(!w.waits);
    commit(all_.front());  // whoever is no member is answered at once
  }

  std::uint64_t waited() const { return waited_; }

 private:
  struct worker {
    bool member = false, waits = false;
    std::uint64_t clock = 0;
  };

  void commit(worker& w) {
    if (w.waits) return;
    ++w.clock;
    w.waits = true;
    const auto number = static_cast<std::uint32_t>(&w - all_.data());
    const consistency::steps steps = gate_->commit(number, w.clock);
    BOOST_TEST_REQUIRE(!steps.empty());
    BOOST_TEST_REQUIRE((steps[0].what == kind::apply));
    follow(steps, 1);
    waited_ += w.waits ? 1 : 0;
  }

  void change_members() {
    worker& w = all_[lots_.below(all_.size())];
    w.member = !w.member;
    if (w.member) {
      // It begins somewhere between the slowest and the fastest, where it left or further on.
      std::uint64_t least = ~std::uint64_t{0}, most = 0;
      for (const worker& o : all_) {
        if (!o.member || &o == &w) continue;
        least = std::min(least, o.clock);
        most = std::max(most, o.clock);
      }
      if (most > 0) w.clock = std::max(w.clock, least + lots_.below(most - least + 1));
    }
    join();
  }

  void join() {
    membership now;
    now.number = ++view_;
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
      if (all_[i].member) now.members.push_back({i, all_[i].clock});
    }
    follow(gate_->join(now), 0);
  }

  void follow(const consistency::steps& steps, std::size_t first) {
    for (std::size_t i = first; i < steps.size(); ++i) {
      BOOST_TEST_REQUIRE((steps[i].what == kind::release));
      for (const std::uint32_t w : steps[i].workers) {
        BOOST_TEST_REQUIRE(all_[w].waits);
        all_[w].waits = false;
        BOOST_TEST_REQUIRE(!must_wait(all_[w]));
      }
    }
    for (const worker& w : all_) BOOST_TEST_REQUIRE(w.waits <= must_wait(w));
  }

  bool must_wait(const worker& w) const {
    return w.member && std::any_of(all_.begin(), all_.end(), [&](const worker& o) {
             return o.member && w.clock > o.clock + bound_;
           });
  }

  std::uint64_t bound_;
  lots lots_;
  std::unique_ptr<consistency> gate_;
  std::vector<worker> all_;
  std::uint64_t view_ = 0, waited_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(asynchronous_commits_are_applied_and_answered_at_once) {
  const auto gate = make("asynchronous", {});
  BOOST_TEST(gate->join({1, {{0, 0}, {1, 0}}}).empty());
  for (const std::uint64_t clock : {1, 2, 9, 3}) {
    const consistency::steps steps = gate->commit(1, clock);
    BOOST_TEST_REQUIRE(steps.size() == 2u);
    BOOST_TEST((steps[0].what == kind::apply));
    BOOST_TEST((steps[1].what == kind::release));
    BOOST_TEST((steps[1].workers == workers{1}));
  }
  BOOST_TEST(gate->join({2, {}}).empty());
}

BOOST_AUTO_TEST_CASE(bounded_workers_wait_exactly_while_they_are_too_far_ahead) {
  for (const std::uint32_t count : {1u, 2u, 5u, 9u}) {
    for (const std::uint64_t bound : {0, 1, 2, 7}) {
      for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        BOOST_TEST_CONTEXT(count << " workers, bound " << bound << ", seed " << seed) {
          bounded_world world(count, bound, seed);
          world.play(1500);
          if (count > 1) BOOST_TEST(world.waited() > 3u);
          world.wind_up();
          world.play(200);
          world.dissolve();
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(bounded_by_hand) {
  const auto gate = make("bounded", {{"staleness", 1}});
  const auto released = [](const consistency::steps& steps) {
    workers out;
    for (const consistency::step& s : steps) {
      if (s.what == kind::release) out.insert(out.end(), s.workers.begin(), s.workers.end());
    }
    return out;
  };
  gate->join({1, {{0, 0}, {2, 0}}});
  BOOST_TEST((released(gate->commit(2, 1)) == workers{2}));  // one ahead
  BOOST_TEST(released(gate->commit(2, 2)).empty());          // two ahead
  BOOST_TEST((released(gate->commit(0, 1)) == workers{0, 2}));
  BOOST_TEST(released(gate->commit(2, 3)).empty());
  // One that joins with two windows behind it holds up nobody; one with none would.
  BOOST_TEST(released(gate->join({2, {{0, 1}, {1, 2}, {2, 0}}})).empty());
  BOOST_TEST((released(gate->commit(0, 2)) == workers{0, 2}));
  BOOST_TEST(released(gate->commit(2, 4)).empty());
  // The two slower ones leave.
  BOOST_TEST((released(gate->join({3, {{2, 0}}})) == workers{2}));
  BOOST_TEST((released(gate->commit(2, 5)) == workers{2}));
  // A clock that no worker can have holds up nobody but its own.
  BOOST_TEST((released(gate->commit(2, ~std::uint64_t{0})) == workers{2}));
}

BOOST_AUTO_TEST_CASE(rounds_take_the_commits_of_all_members) {
  for (const std::uint32_t count : {1u, 2u, 5u}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT(count << " workers, seed " << seed) {
        rounds_world world({count, 0, 3, 12, false}, seed);
        world.play();
        BOOST_TEST(world.dropped() == 0u);
        workers all;
        for (std::uint32_t w = 0; w < count; ++w) all.push_back(w);
        for (std::size_t s = 0; s < 3; ++s) {
          BOOST_TEST(world.rounds(s).size() == 12u);
          for (const auto& [clock, in] : world.rounds(s)) BOOST_TEST((in == all));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(with_backup_workers_all_slices_take_what_the_first_decides) {
  std::uint64_t dropped = 0;
  for (const std::uint32_t count : {2u, 5u}) {
    for (std::uint64_t backups = 1; backups < count; ++backups) {
      for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        BOOST_TEST_CONTEXT(count << " workers, " << backups << " backups, seed " << seed) {
          rounds_world world({count, backups, 3, 12, false, seed % 2 == 0}, seed);
          world.play();
          dropped += world.dropped();
          for (std::size_t s = 1; s < 3; ++s) BOOST_TEST((world.rounds(s) == world.rounds(0)));
        }
      }
    }
  }
  BOOST_TEST(dropped > 1000u);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_the_dead_nor_for_those_to_come) {
  std::uint64_t died = 0, lone = 0;
  for (const std::uint32_t count : {1u, 2u, 3u, 6u}) {
    for (const std::uint64_t backups : {0, 1, 2, 4}) {
      for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        BOOST_TEST_CONTEXT(count << " workers, " << backups << " backups, seed " << seed) {
          rounds_world world({count, backups, 3, 15, true, seed % 2 == 0}, seed);
          world.play();
          died += world.died();
          for (const auto& [clock, in] : world.rounds(1)) lone += in.empty() ? 1 : 0;
        }
      }
    }
  }
  BOOST_TEST(died > 1000u);
  BOOST_TEST(lone > 10u);  // rounds whose members had all gone
}

BOOST_AUTO_TEST_CASE(an_empty_view_answers_everybody) {
  for (const std::uint64_t backups : {0, 2}) {
    for (const bool churn : {false, true}) {
      for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        BOOST_TEST_CONTEXT(backups << " backups, seed " << seed) {
          rounds_world world({4, backups, 3, 1000, churn, true}, seed);
          world.play_and_dissolve(40 + 7 * seed);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(rounds_by_hand) {
  const auto gate = make("synchronous", {{"backup_workers", 1}});
  gate->join({1, {{0, 0}, {3, 0}, {7, 0}}});
  BOOST_TEST(gate->commit(7, 1).empty());
  const consistency::steps first = gate->commit(0, 1);
  BOOST_TEST_REQUIRE(first.size() == 1u);
  BOOST_TEST((first[0].what == kind::round));
  BOOST_TEST((first[0].workers == workers{0, 7}));
  BOOST_TEST(gate->clock() == 1u);
  for (const std::uint32_t late : {3u, 3u, 5u}) {  // again, and one that is nobody
    const consistency::steps steps = gate->commit(late, 1);
    BOOST_TEST_REQUIRE(steps.size() == 1u);
    BOOST_TEST((steps[0].what == kind::drop));
    BOOST_TEST((steps[0].workers == workers{late}));
  }
  // A commit of the round after the next waits for its turn, and counts then.
  BOOST_TEST(gate->commit(3, 3).empty());
  BOOST_TEST(gate->commit(0, 2).empty());
  const consistency::steps two = gate->commit(7, 2);
  BOOST_TEST_REQUIRE(two.size() == 1u);
  BOOST_TEST((two[0].workers == workers{0, 7}));
  const consistency::steps three = gate->commit(7, 3);
  BOOST_TEST_REQUIRE(three.size() == 1u);
  BOOST_TEST((three[0].workers == workers{3, 7}));
}

BOOST_AUTO_TEST_CASE(a_close_that_is_badly_written_makes_no_bad_round) {
  const auto gate = make("synchronous", {{"backup_workers", 1}}, false);
  gate->join({1, {{0, 0}, {1, 0}, {2, 0}}});
  BOOST_TEST(gate->commit(1, 1).empty());
  BOOST_TEST(gate->commit(2, 1).empty());
  const consistency::steps steps = gate->close(1, {2, 1, 2, 9});
  BOOST_TEST_REQUIRE(steps.size() == 1u);
  BOOST_TEST((steps[0].workers == workers{1, 2}));
  BOOST_TEST(gate->close(1, {1, 2}).empty());  // a second time
  BOOST_TEST(gate->close(0, {0}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
