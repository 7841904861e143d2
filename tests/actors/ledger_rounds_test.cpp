// Rounds of the ledger, and what is lost or given back of them. Leases without rounds are in
// ledger_test.cpp.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>
#include <vector>

#include "troupe/actors/ledger.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;

namespace {

ledger::extent extent(std::uint64_t rows, std::uint32_t epochs, std::uint64_t batch,
                      std::uint64_t batches, std::uint32_t workers) {
  ledger::extent e;
  e.rows_per_epoch = rows;
  e.epochs = epochs;
  e.batch_rows = batch;
  e.window_rows = batch * batches;
  e.workers = workers;
  e.shared = true;
  return e;
}

std::vector<std::uint32_t> first(std::uint32_t count) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t w = 0; w < count; ++w) out.push_back(w);
  return out;
}

/// Rows that one member has in a round.
std::uint64_t share(const std::vector<lease>& round, std::uint32_t worker) {
  std::uint64_t rows = 0;
  for (const lease& l : round) rows += l.worker == worker ? l.range.size() : 0;
  return rows;
}

/// What every round must be: one epoch, the members in order, each with one `closes`, its last.
void check_form(const std::vector<lease>& round, const std::vector<std::uint32_t>& members,
                std::uint64_t clock) {
  BOOST_TEST_REQUIRE(!round.empty());
  std::vector<std::uint32_t> closed;
  for (std::size_t i = 0; i < round.size(); ++i) {
    const lease& l = round[i];
    BOOST_TEST_REQUIRE(l.epoch == round[0].epoch);
    BOOST_TEST_REQUIRE(l.clock == clock);
    BOOST_TEST_REQUIRE(l.range.first <= l.range.last);
    const bool last = i + 1 == round.size() || round[i + 1].worker != l.worker;
    BOOST_TEST_REQUIRE(l.closes == last);
    if (l.range.size() == 0) BOOST_TEST_REQUIRE((last && (i == 0 || round[i - 1].closes)));
    if (l.closes) closed.push_back(l.worker);
  }
  BOOST_TEST_REQUIRE((closed == members));
}

/// Rounds until nothing is free, each trained by all its members, in a random order.
class round_play {
 public:
  round_play(const ledger::extent& e, std::uint64_t seed)
      : extent_(e),
        book_(e),
        random_(seed, random_purpose::test),
        done_(e.epochs, std::vector<int>(e.rows_per_epoch, 0)),
        held_(e.workers) {}

  /// `trouble`: one in so many windows is lost, as many leases are yielded; 0: none.
  void run(std::uint64_t trouble) {
    std::uint64_t idle = 0;
    while (idle < 50) {
      if (draw(3) == 0 && grant()) {
        idle = 0;
        continue;
      }
      const auto worker = static_cast<std::uint32_t>(draw(extent_.workers));
      if (held_[worker].empty()) {
        ++idle;
        continue;
      }
      idle = 0;
      const auto chance = trouble > 0 ? draw(trouble) : 2;
      if (chance == 0) {
        yield(worker);
      } else {
        train(worker, chance != 1);
      }
    }
    BOOST_TEST(book_.all_done());
    for (std::uint32_t e = 0; e < extent_.epochs; ++e) {
      BOOST_TEST(book_.rows_done(e) == extent_.rows_per_epoch);
      const auto once = std::count(done_[e].begin(), done_[e].end(), 1);
      BOOST_TEST(static_cast<std::uint64_t>(once) == extent_.rows_per_epoch);
    }
    for (std::uint32_t w = 0; w < extent_.workers; ++w) BOOST_TEST(book_.held(w) == 0u);
  }

  std::uint64_t lost() const { return lost_; }
  std::uint64_t yielded() const { return yielded_; }

 private:
  struct part {
    lease of;
    std::uint64_t at = 0;
  };
  std::uint64_t draw(std::uint64_t bound) { return random_.below(drawn_++, bound); }

  bool grant() {
    // Mostly all take part, sometimes only some.
    std::vector<std::uint32_t> members = first(extent_.workers);
    if (draw(4) == 0)
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(draw(members.size())));
    if (members.empty()) return false;
    const std::vector<lease> round = book_.grant_round(members, ++clock_);
    if (round.empty()) return false;
    check_form(round, members, clock_);
    std::uint64_t least = ~std::uint64_t{0}, most = 0;
    for (const std::uint32_t w : members) {
      least = std::min(least, share(round, w));
      most = std::max(most, share(round, w));
    }
    BOOST_TEST_REQUIRE(most <= extent_.window_rows);
    BOOST_TEST_REQUIRE(most <= least + 2 * extent_.batch_rows);
    for (const lease& l : round) {
      if (l.range.size() > 0) held_[l.worker].push_back({l, l.range.first});
    }
    return true;
  }

  /// A window: what the worker holds of its next round.
  void train(std::uint32_t w, bool keeps) {
    const std::uint64_t clock = held_[w].front().of.clock;
    std::vector<position_range> ranges;
    const std::uint32_t epoch = held_[w].front().of.epoch;
    while (!held_[w].empty() && held_[w].front().of.clock == clock) {
      const part p = held_[w].front();
      held_[w].pop_front();
      if (!ranges.empty() && ranges.back().last == p.at) {
        ranges.back().last = p.of.range.last;
      } else {
        ranges.push_back({p.at, p.of.range.last});
      }
    }
    for (const position_range& r : ranges) {
      if (keeps) {
        BOOST_TEST_REQUIRE(book_.done(w, epoch, r));
        BOOST_TEST_REQUIRE(!book_.done(w, epoch, r));
        for (std::uint64_t i = r.first; i < r.last; ++i) ++done_[epoch][i];
      } else {
        BOOST_TEST_REQUIRE(book_.lost(w, epoch, r));
        BOOST_TEST_REQUIRE(!book_.lost(w, epoch, r));
        ++lost_;
      }
    }
  }

  /// The worker gives back all it holds of its next round.
  void yield(std::uint32_t w) {
    const std::uint64_t clock = held_[w].front().of.clock;
    while (!held_[w].empty() && held_[w].front().of.clock == clock) {
      part p = held_[w].front();
      held_[w].pop_front();
      // Part of it may have been trained, and is reported first.
      const std::uint64_t until = p.at + draw(p.of.range.last - p.at);
      if (until > p.at) {
        BOOST_TEST_REQUIRE(book_.done(w, p.of.epoch, {p.at, until}));
        for (std::uint64_t i = p.at; i < until; ++i) ++done_[p.of.epoch][i];
      }
      BOOST_TEST_REQUIRE(!book_.yielded(w, p.of.id, p.of.range.last));
      if (until > 0) BOOST_TEST_REQUIRE(!book_.yielded(w, p.of.id, until - 1));
      BOOST_TEST_REQUIRE(!book_.yielded(w + 1, p.of.id, until));
      BOOST_TEST_REQUIRE(book_.yielded(w, p.of.id, until));
      BOOST_TEST_REQUIRE(!book_.yielded(w, p.of.id, until));
      ++yielded_;
    }
  }

  ledger::extent extent_;
  ledger book_;
  random_stream random_;
  std::uint64_t drawn_ = 0, clock_ = 0, lost_ = 0, yielded_ = 0;
  std::vector<std::vector<int>> done_;
  std::vector<std::deque<part>> held_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_rounds)

BOOST_AUTO_TEST_CASE(full_rounds_give_each_member_its_window) {
  for (const std::uint32_t members : {1u, 2u, 3u, 7u}) {
    for (const std::uint64_t batch : {1, 4, 5}) {
      for (const std::uint64_t batches : {1, 3}) {
        BOOST_TEST_CONTEXT(members << " members, " << batches << " x " << batch << " rows") {
          const std::uint64_t window = batch * batches, full = window * members;
          const std::uint64_t left = std::min(full - 1, batch + 1), all = 3 * full + left;
          ledger book(extent(all, 2, batch, batches, members));
          std::uint64_t clock = 0;
          for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
            std::uint64_t at = 0;
            for (int i = 0; i < 3; ++i) {
              const auto round = book.grant_round(first(members), ++clock);
              check_form(round, first(members), clock);
              BOOST_TEST(round[0].epoch == epoch);
              BOOST_TEST_REQUIRE(round.size() == members);
              for (const lease& l : round) {  // one after the other, as they lie
                BOOST_TEST(l.range.first == at);
                BOOST_TEST(l.range.size() == window);
                at = l.range.last;
              }
            }
            if (left == 0) continue;
            // What is left is shared in whole mini-batches but for the last one.
            const auto rest = book.grant_round(first(members), ++clock);
            check_form(rest, first(members), clock);
            std::uint64_t rows = 0;
            for (const lease& l : rest) rows += l.range.size();
            BOOST_TEST(rows == left);
            for (const lease& l : rest) {
              BOOST_TEST((l.range.size() % batch == 0 || l.range.last == all));
            }
          }
          BOOST_TEST(book.grant_round(first(members), ++clock).empty());
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(fewer_mini_batches_than_members) {
  // 5 rows in mini-batches of 2 for 7 members: three of them have rows, all of them a part.
  ledger book(extent(5, 1, 2, 4, 7));
  const auto round = book.grant_round(first(7), 9);
  check_form(round, first(7), 9);
  std::uint64_t rows = 0, with_rows = 0;
  for (const lease& l : round) {
    BOOST_TEST(l.range.last <= 5u);
    BOOST_TEST(book.held(l.worker) == (l.range.size() > 0 ? 1u : 0u));
    rows += l.range.size();
    with_rows += l.range.size() > 0 ? 1 : 0;
  }
  BOOST_TEST(rows == 5u);
  BOOST_TEST(with_rows == 3u);
}

BOOST_AUTO_TEST_CASE(what_comes_back_goes_out_first_and_in_a_round_of_its_epoch) {
  ledger book(extent(20, 2, 2, 2, 2));  // rounds of 8 rows
  const auto one = book.grant_round({0, 1}, 1), two = book.grant_round({0, 1}, 2);
  BOOST_TEST((one[1].range == position_range{4, 8}));
  BOOST_TEST(book.lost(1, 0, {4, 8}));
  BOOST_TEST(book.yielded(0, two[0].id, 10));  // 10 .. 12; 8 and 9 are still its own
  BOOST_TEST(book.free_rows(0) == 4u);
  const auto three = book.grant_round({0, 1}, 3);
  check_form(three, {0, 1}, 3);
  BOOST_TEST_REQUIRE(three.size() == 3u);
  BOOST_TEST((three[0].range == position_range{4, 8}));
  BOOST_TEST((three[1].range == position_range{10, 12}));
  BOOST_TEST((three[2].range == position_range{16, 18}));
  // Of the first epoch there are two rows left: the second one waits for the next round.
  const auto four = book.grant_round({0, 1}, 4);
  BOOST_TEST(share(four, 0) + share(four, 1) == 2u);
  BOOST_TEST(four[0].epoch == 0u);
  const auto five = book.grant_round({0, 1}, 5);
  BOOST_TEST(five[0].epoch == 1u);
  // Rows of the first epoch that come back now make a round of their own.
  BOOST_TEST(book.round_rows() == 12u);
  BOOST_TEST(book.lost(0, 0, {0, 4}));
  BOOST_TEST(book.round_rows() == 4u);
  const auto six = book.grant_round({0, 1}, 6);
  BOOST_TEST(six[0].epoch == 0u);
  BOOST_TEST(share(six, 0) == 2u);
  BOOST_TEST(share(six, 1) == 2u);
  BOOST_TEST(book.grant_round({0, 1}, 7)[0].epoch == 1u);
  BOOST_TEST(book.round_rows() == 4u);
  BOOST_TEST(book.lost(0, 0, {0, 2}));
  BOOST_TEST(book.lost(1, 1, {4, 8}));
  BOOST_TEST(book.round_rows() == 2u);  // of the first epoch
  book.grant_round({0, 1}, 8);
  BOOST_TEST(book.round_rows() == 8u);  // what came back of the second one, and the rest of it
  // What was given back is no longer the worker's, what was not is.
  BOOST_TEST(!book.done(0, 0, {8, 12}));
  BOOST_TEST(book.done(0, 0, {8, 10}));
  BOOST_TEST(!book.done(0, 0, {10, 12}));
}

BOOST_AUTO_TEST_CASE(a_share_of_several_pieces_is_done_in_one_or_more) {
  ledger book(extent(12, 1, 2, 3, 2));
  const auto one = book.grant_round({0, 1}, 1);
  BOOST_TEST(book.lost(0, 0, {0, 6}));
  BOOST_TEST(book.yielded(1, one[1].id, 8));
  BOOST_TEST(book.done(1, 0, {6, 8}));
  const auto two = book.grant_round({1}, 2);  // 0 .. 6 are one window
  BOOST_TEST_REQUIRE(two.size() == 1u);
  const auto three = book.grant_round({1}, 3);
  BOOST_TEST((three[0].range == position_range{8, 12}));
  BOOST_TEST(!book.done(1, 0, {0, 12}));  // 6 and 7 are done
  BOOST_TEST(!book.done(1, 0, {2, 6}));   // not the next ones
  BOOST_TEST(book.done(1, 0, {0, 2}));
  BOOST_TEST(!book.lost(1, 0, {0, 6}));
  BOOST_TEST(book.lost(1, 0, {2, 6}));
  BOOST_TEST(book.done(1, 0, {8, 12}));
  const auto four = book.grant_round({0, 1}, 4);
  BOOST_TEST(book.done(0, 0, {2, 4}));
  BOOST_TEST(book.done(1, 0, {4, 6}));
  BOOST_TEST(book.all_done());
  BOOST_TEST(!book.done(0, 0, {5, 3}));
}

BOOST_AUTO_TEST_CASE(every_row_is_done_once_whatever_is_lost) {
  std::uint64_t lost = 0, yielded = 0;
  for (const std::uint64_t trouble : {0, 12, 4}) {
    for (const std::uint32_t workers : {1u, 2u, 5u}) {
      for (const std::uint64_t rows : {1, 7, 50, 97}) {
        for (const auto& [batch, batches] :
             {std::pair<std::uint64_t, std::uint64_t>{1, 1}, {3, 2}, {4, 1}, {8, 100}}) {
          BOOST_TEST_CONTEXT(workers << " workers, " << rows << " rows, " << batches << " x "
                                     << batch << ", trouble " << trouble) {
            round_play game(extent(rows, 3, batch, batches, workers), rows + trouble);
            game.run(trouble);
            lost += game.lost();
            yielded += game.yielded();
          }
        }
      }
    }
  }
  BOOST_TEST(lost > 100u);
  BOOST_TEST(yielded > 100u);
}

BOOST_AUTO_TEST_SUITE_END()
