#include "troupe/actors/ledger.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <vector>

#include "troupe/base/random.hpp"

using namespace troupe;

namespace {

/// Plays workers against a ledger in a random order, and counts what was trained apart from it.
class play {
 public:
  play(const ledger::extent& e, std::uint64_t seed)
      : extent_(e),
        book_(e),
        random_(seed, random_purpose::test),
        trained_(e.epochs, std::vector<int>(e.rows_per_epoch, 0)),
        held_(e.workers),
        last_epoch_(e.workers, 0),
        windows(e.workers, 0) {}

  void run() {
    std::vector<std::uint32_t> idle;
    while (idle.size() < extent_.workers) {
      const auto worker = static_cast<std::uint32_t>(draw(extent_.workers));
      if (held_[worker].size() < 2 && draw(2) == 0) {
        if (!take(worker) && held_[worker].empty() &&
            std::find(idle.begin(), idle.end(), worker) == idle.end()) {
          idle.push_back(worker);
        }
      } else if (!held_[worker].empty()) {
        train(worker);
      }
    }
  }

  void check_all_once() const {
    BOOST_TEST(book_.all_done());
    BOOST_TEST(book_.rows_done() == extent_.rows_per_epoch * extent_.epochs);
    for (std::uint32_t epoch = 0; epoch < extent_.epochs; ++epoch) {
      const auto once = std::count(trained_[epoch].begin(), trained_[epoch].end(), 1);
      BOOST_TEST(static_cast<std::uint64_t>(once) == extent_.rows_per_epoch);
      BOOST_TEST(book_.rows_done(epoch) == extent_.rows_per_epoch);
    }
    for (std::uint32_t k = 0; k < extent_.workers; ++k) {
      BOOST_TEST(book_.held(k) == 0u);
      BOOST_TEST(book_.free_rows(k) == 0u);
    }
  }

 private:
  struct part {
    std::uint32_t epoch = 0;
    position_range left;
  };
  std::uint64_t draw(std::uint64_t bound) { return random_.below(drawn_++, bound); }

  bool take(std::uint32_t worker) {
    const auto granted = book_.grant(worker, draw(5 * extent_.window_rows));
    if (!granted) return false;
    BOOST_TEST_REQUIRE(granted->worker == worker);
    BOOST_TEST_REQUIRE(granted->range.size() > 0u);
    BOOST_TEST_REQUIRE(granted->range.first % extent_.window_rows == 0u);
    BOOST_TEST_REQUIRE((granted->range.last % extent_.window_rows == 0 ||
                        granted->range.last == extent_.rows_per_epoch));
    BOOST_TEST_REQUIRE(granted->epoch >= last_epoch_[worker]);
    last_epoch_[worker] = granted->epoch;
    held_[worker].push_back({granted->epoch, granted->range});
    BOOST_TEST_REQUIRE(book_.held(worker) == held_[worker].size());
    return true;
  }

  /// The worker's next window: up to window_rows of what it holds of one epoch.
  void train(std::uint32_t worker) {
    std::uint64_t room = extent_.window_rows;
    const std::uint32_t epoch = held_[worker].front().epoch;
    while (room > 0 && !held_[worker].empty() && held_[worker].front().epoch == epoch) {
      part& p = held_[worker].front();
      const std::uint64_t rows = std::min(room, p.left.size());
      const position_range range{p.left.first, p.left.first + rows};
      BOOST_TEST_REQUIRE(book_.done(worker, epoch, range));
      for (std::uint64_t i = range.first; i < range.last; ++i) ++trained_[epoch][i];
      p.left.first += rows;
      room -= rows;
      if (p.left.size() == 0) held_[worker].pop_front();
    }
    ++windows[worker];
  }

  ledger::extent extent_;
  ledger book_;
  random_stream random_;
  std::uint64_t drawn_ = 0;
  std::vector<std::vector<int>> trained_;
  std::vector<std::deque<part>> held_;
  std::vector<std::uint32_t> last_epoch_;

 public:
  std::vector<std::uint64_t> windows;
};

ledger::extent extent(std::uint64_t rows, std::uint32_t epochs, std::uint64_t window,
                      std::uint32_t workers, bool shared) {
  ledger::extent e;
  e.rows_per_epoch = rows;
  e.epochs = epochs;
  e.window_rows = window;
  e.workers = workers;
  e.shared = shared;
  return e;
}

bool same(const std::optional<lease>& l, std::uint32_t epoch, std::uint64_t first,
          std::uint64_t last) {
  return l && l->epoch == epoch && l->range == position_range{first, last};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledgers)

BOOST_AUTO_TEST_CASE(every_row_of_every_epoch_is_trained_exactly_once) {
  for (const bool shared : {true, false}) {
    for (const std::uint64_t rows : {1, 7, 80, 81, 1000}) {
      for (const std::uint32_t workers : {1u, 2u, 3u, 8u}) {
        for (const std::uint64_t window : {1, 16, 80, 5000}) {
          BOOST_TEST_CONTEXT(rows << " rows, " << workers << " workers, window " << window
                                  << (shared ? ", shared" : ", apart")) {
            play game(extent(rows, 3, window, workers, shared), rows * 31 + workers);
            game.run();
            game.check_all_once();
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(shares_of_their_own_close_as_many_windows_as_they_hold) {
  // commits = the sum over workers of ceil(mini-batches / window) where nothing is moved.
  const std::uint64_t batch = 16, w = 5;
  for (const std::uint64_t rows : {100, 799, 800, 801, 5000}) {
    for (const std::uint32_t workers : {1u, 2u, 3u, 7u}) {
      play game(extent(rows, 2, batch * w, workers, false), rows);
      game.run();
      game.check_all_once();
      const std::uint64_t all = (rows + batch * w - 1) / (batch * w);
      std::uint64_t sum = 0, least = ~std::uint64_t{0}, most = 0;
      for (const std::uint64_t windows : game.windows) {
        sum += windows;
        least = std::min(least, windows / 2);
        most = std::max(most, windows / 2);
      }
      BOOST_TEST(sum == 2 * all);
      BOOST_TEST(most - least <= 1u);  // equal shares
    }
  }
}

BOOST_AUTO_TEST_CASE(leases_are_whole_windows_in_order) {
  ledger book(extent(100, 2, 8, 2, true));
  BOOST_TEST(book.free_rows(0) == 100u);
  BOOST_TEST(same(book.grant(0, 0), 0, 0, 8));    // at least one
  BOOST_TEST(same(book.grant(1, 20), 0, 8, 24));  // rounded down
  BOOST_TEST(same(book.grant(0, 72), 0, 24, 96));
  BOOST_TEST(book.free_rows(1) == 4u);
  BOOST_TEST(same(book.grant(1, 72), 0, 96, 100));  // a short one ends the epoch
  // The next epoch may be leased though nothing of this one is done.
  BOOST_TEST(same(book.grant(1, 1000), 1, 0, 100));
  BOOST_TEST(!book.grant(0, 8));
  BOOST_TEST(!book.grant(1, 8));
  BOOST_TEST(book.free_rows(0) == 0u);
  BOOST_TEST(book.held(0) == 2u);
  BOOST_TEST(book.held(1) == 3u);
  BOOST_TEST(book.rows_done() == 0u);
  BOOST_TEST(!book.all_done());
}

BOOST_AUTO_TEST_CASE(leases_have_numbers_of_their_own) {
  ledger book(extent(1000, 1, 1, 3, true));
  std::vector<std::uint64_t> ids;
  while (const auto granted = book.grant(ids.size() % 3, 1)) ids.push_back(granted->id);
  BOOST_TEST(ids.size() == 1000u);
  std::sort(ids.begin(), ids.end());
  BOOST_TEST((std::adjacent_find(ids.begin(), ids.end()) == ids.end()));
}

BOOST_AUTO_TEST_CASE(only_the_next_rows_of_ones_own_leases_can_be_done) {
  ledger book(extent(100, 2, 10, 2, true));
  book.grant(0, 20);  // 0 .. 20
  book.grant(1, 20);  // 20 .. 40
  auto refused = [&](std::uint32_t worker, std::uint32_t epoch, position_range range) {
    const std::uint64_t before = book.rows_done();
    const std::size_t held = book.held(worker);
    return !book.done(worker, epoch, range) && book.rows_done() == before &&
           book.held(worker) == held;
  };
  BOOST_TEST(refused(0, 0, {20, 30}));  // another's
  BOOST_TEST(refused(1, 0, {0, 10}));   // another's
  BOOST_TEST(refused(0, 0, {40, 50}));  // nobody's
  BOOST_TEST(refused(0, 1, {0, 10}));   // another epoch
  BOOST_TEST(refused(0, 7, {0, 10}));   // no epoch
  BOOST_TEST(refused(0, 0, {10, 20}));  // not the next ones
  BOOST_TEST(refused(0, 0, {0, 30}));   // runs into another's
  BOOST_TEST(refused(0, 0, {0, 0}));    // nothing
  BOOST_TEST(refused(0, 0, {10, 5}));   // less than nothing
  BOOST_TEST(refused(0, 0, {0, ~std::uint64_t{0}}));
  BOOST_TEST(book.done(0, 0, {0, 10}));
  BOOST_TEST(refused(0, 0, {0, 10}));  // done
  BOOST_TEST(refused(0, 0, {5, 15}));  // half done
  BOOST_TEST(book.done(0, 0, {10, 13}));
  BOOST_TEST(book.held(0) == 1u);
  BOOST_TEST(book.done(0, 0, {13, 20}));
  BOOST_TEST(book.held(0) == 0u);
  BOOST_TEST(refused(0, 0, {13, 20}));
  BOOST_TEST(book.rows_done() == 20u);
}

BOOST_AUTO_TEST_CASE(a_window_may_run_over_leases_that_follow_each_other) {
  ledger book(extent(60, 1, 10, 2, true));
  book.grant(0, 10);  // 0 .. 10
  book.grant(0, 20);  // 10 .. 30
  book.grant(1, 10);  // 30 .. 40
  book.grant(0, 20);  // 40 .. 60
  BOOST_TEST(!book.done(0, 0, {0, 40}));
  BOOST_TEST(book.held(0) == 3u);
  BOOST_TEST(book.done(0, 0, {0, 15}));
  BOOST_TEST(book.held(0) == 2u);
  // Leases need not be worked off in the order of their positions.
  BOOST_TEST(book.done(0, 0, {40, 60}));
  BOOST_TEST(book.done(0, 0, {15, 30}));
  BOOST_TEST(book.held(0) == 0u);
  BOOST_TEST(book.done(1, 0, {30, 40}));
  BOOST_TEST(book.all_done());
}

BOOST_AUTO_TEST_CASE(shares_are_cut_at_windows_and_belong_to_one_worker) {
  ledger book(extent(95, 2, 10, 3, false));  // ten windows, the last one short
  std::vector<std::uint64_t> rows(3, 0);
  for (std::uint32_t k = 0; k < 3; ++k) {
    std::uint64_t at = ~std::uint64_t{0};
    while (const auto granted = book.grant(k, 10)) {
      if (granted->epoch > 0) continue;
      if (at != ~std::uint64_t{0}) BOOST_TEST(granted->range.first == at);
      at = granted->range.last;
      rows[k] += granted->range.size();
    }
  }
  BOOST_TEST((rows == std::vector<std::uint64_t>{30, 30, 35}));
}

BOOST_AUTO_TEST_CASE(more_workers_than_windows_leaves_some_without_work) {
  ledger book(extent(15, 4, 10, 5, false));
  std::size_t leases = 0, workers = 0;
  for (std::uint32_t k = 0; k < 5; ++k) {
    std::size_t mine = 0;
    while (const auto granted = book.grant(k, 100)) {
      BOOST_TEST(book.done(k, granted->epoch, granted->range));
      ++mine;
    }
    leases += mine;
    workers += mine > 0;
  }
  BOOST_TEST(leases == 8u);
  BOOST_TEST(workers == 2u);
  BOOST_TEST(book.all_done());
}

BOOST_AUTO_TEST_SUITE_END()
