// The feed in rounds: shares without rows, rounds that are skipped, a stop in the middle. Plain
// leases are in row_feed_test.cpp.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>

#include "actors/plan_fixture.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/actors/row_feed.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

// Rows of 128 x 128 values: chunks of 16 rows, mini-batches of 4.
constexpr std::uint64_t batch_size = 4;

/// A feed and its shards; each answers its requests in their order, when the test says so.
class farm {
 public:
  farm(std::size_t rows, std::uint32_t shards)
      : rows_(numbered_rows(rows, {128, 128}, element_type::u8)),
        plan_(plan_over(job_around("{input: [128, 128], layers: [flatten, {dense: {units: 1}}], "
                                   "loss: mean_squared_error}",
                                   "{protocol: adag, consistency: synchronous}",
                                   "{epochs: 3, batch_size: 4}", "{workers: 2}"),
                        rows_)),
        firsts_(cut_shards(rows, shards)),
        asked_(shards),
        feed(plan_, firsts_) {
    for (std::uint32_t s = 0; s < shards; ++s) {
      data_shard_state state;
      state.plan = plan_;
      state.rows = rows_;
      state.owned = {firsts_[s], s + 1 < shards ? firsts_[s + 1] : rows};
      shards_.push_back(std::move(state));
    }
  }

  void assign(std::uint64_t id, position_range range, std::uint64_t clock, bool closes,
              std::uint32_t epoch = 0) {
    feed.assign({id, 0, epoch, range, clock, closes});
    ask();
  }
  void ask() {
    while (const auto wanted = feed.next_request()) {
      for (auto& queue : asked_) queue.push_back(*wanted);
    }
  }
  std::size_t asked(std::size_t shard) const { return asked_[shard].size(); }

  /// The shard answers the request that has waited longest.
  void answer(std::size_t shard) {
    const row_feed::request wanted = asked_[shard].front();
    asked_[shard].pop_front();
    wire_builder<schema::Fetch> fetch;
    fetch->setRun(plan_->run);
    fetch->setEpoch(wanted.epoch);
    fetch->setFirst(wanted.range.first);
    fetch->setLast(wanted.range.last);
    BOOST_TEST(feed.arrived(shard, shards_[shard].fetch(*std::move(fetch).finish())));
    ask();
  }
  void serve() {
    for (bool more = true; more;) {
      more = false;
      for (std::size_t s = asked_.size(); s-- > 0;) {
        if (asked(s) == 0) continue;
        answer(s);
        more = true;
      }
    }
  }

  mini_batch take() {
    BOOST_TEST_REQUIRE(feed.ready());
    const mini_batch got = feed.take();
    BOOST_TEST_REQUIRE(got.rows.rows == got.range.size());
    const epoch_order order = plan_->order_of(got.epoch);
    for (std::size_t i = 0; i < got.rows.rows; ++i) {
      BOOST_TEST(got.rows.labels[i] == static_cast<float>(order.row(got.range.first + i)));
    }
    ask();
    return got;
  }

  /// The next mini-batch, as [first, last), clock, closes.
  bool next_is(position_range range, std::uint64_t clock, bool closes) {
    const mini_batch got = take();
    return got.range == range && got.clock == clock && got.closes == closes;
  }

 private:
  std::shared_ptr<dataset> rows_;
  std::shared_ptr<run_plan> plan_;
  std::vector<std::uint64_t> firsts_;
  std::vector<data_shard_state> shards_;
  std::vector<std::deque<row_feed::request>> asked_;

 public:
  row_feed feed;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(row_feeds_in_rounds)

BOOST_AUTO_TEST_CASE(a_share_without_rows_is_ready_in_its_turn) {
  farm f(60, 2);
  f.assign(1, {0, 6}, 1, true);
  f.assign(2, {6, 6}, 2, true);
  f.assign(3, {60, 60}, 3, true, 1);
  f.assign(4, {8, 12}, 4, true, 1);
  BOOST_TEST(!f.feed.ready());
  f.serve();
  BOOST_TEST(f.next_is({0, 4}, 1, false));
  BOOST_TEST(f.next_is({4, 6}, 1, true));
  BOOST_TEST(f.next_is({6, 6}, 2, true));
  BOOST_TEST(f.feed.holds(1));
  const mini_batch empty = f.take();
  BOOST_TEST(empty.epoch == 1u);
  BOOST_TEST(empty.clock == 3u);
  BOOST_TEST(empty.closes);
  BOOST_TEST(empty.rows.rows == 0u);
  BOOST_TEST(f.next_is({8, 12}, 4, true));
  BOOST_TEST(f.feed.empty());
  BOOST_TEST(!f.feed.ready());
}

BOOST_AUTO_TEST_CASE(only_the_last_mini_batch_of_a_share_closes_it) {
  farm f(60, 1);
  f.assign(1, {40, 46}, 1, false);
  f.assign(2, {0, 20}, 1, true);
  f.serve();
  BOOST_TEST(f.next_is({40, 44}, 1, false));
  BOOST_TEST(f.next_is({44, 46}, 1, false));
  for (std::uint64_t at = 0; at < 20; at += batch_size) {
    f.serve();
    BOOST_TEST(f.next_is({at, at + batch_size}, 1, at == 16));
  }
}

BOOST_AUTO_TEST_CASE(after_a_stop_every_share_ends_without_rows) {
  for (const bool arrived : {false, true}) {
    farm f(100, 2);
    f.assign(1, {0, 8}, 1, false);
    f.assign(2, {20, 80}, 1, true);
    f.assign(3, {80, 82}, 2, false);
    f.assign(4, {90, 90}, 2, true);
    for (int s = 0; s < 2; ++s) {
      f.answer(static_cast<std::size_t>(s));  // of the first chunk
    }
    BOOST_TEST(f.next_is({0, 4}, 1, false));
    if (arrived) f.serve();
    f.feed.clear();
    f.ask();
    BOOST_TEST(f.feed.ready());
    BOOST_TEST(f.next_is({20, 20}, 1, true));
    if (!arrived) f.answer(1);
    BOOST_TEST(f.next_is({90, 90}, 2, true));
    BOOST_TEST(f.feed.empty());
    f.serve();  // rows that nobody wants any more
    BOOST_TEST(!f.feed.ready());
    f.assign(5, {20, 24}, 3, true);
    f.serve();
    BOOST_TEST(f.next_is({20, 24}, 3, true));
  }
}

BOOST_AUTO_TEST_CASE(a_stop_in_the_middle_of_a_share_leaves_its_end) {
  farm f(60, 1);
  f.assign(1, {0, 12}, 1, true);
  f.serve();
  BOOST_TEST(f.next_is({0, 4}, 1, false));
  f.feed.clear();
  BOOST_TEST(f.next_is({4, 4}, 1, true));
  BOOST_TEST(f.feed.empty());
}

BOOST_AUTO_TEST_CASE(skipped_rounds_go_back_and_their_rows_are_ignored) {
  for (const bool arrived : {false, true}) {
    farm f(100, 2);
    f.assign(11, {0, 6}, 1, false);
    f.assign(12, {20, 24}, 1, true);
    f.assign(13, {30, 70}, 2, true);
    f.assign(14, {70, 70}, 3, true);
    f.assign(15, {0, 6}, 4, true);  // the same rows as before: they came back to this worker
    if (arrived) f.serve();
    const auto skipped = f.feed.skip_until(2);
    f.ask();
    BOOST_TEST_REQUIRE(skipped.size() == 3u);
    BOOST_TEST(skipped[0].first == 11u);
    BOOST_TEST((skipped[0].second == position_range{0, 6}));
    BOOST_TEST((skipped[1].second == position_range{20, 24}));
    BOOST_TEST(skipped[2].first == 13u);
    BOOST_TEST((skipped[2].second == position_range{30, 70}));
    BOOST_TEST(f.next_is({70, 70}, 3, true));
    BOOST_TEST(!f.feed.ready());
    f.serve();
    BOOST_TEST(f.next_is({0, 4}, 4, false));
    BOOST_TEST(f.next_is({4, 6}, 4, true));
    BOOST_TEST(f.feed.empty());
    BOOST_TEST(f.feed.skip_until(9).empty());
  }
}

BOOST_AUTO_TEST_CASE(what_was_taken_of_a_skipped_lease_does_not_go_back) {
  farm f(100, 1);
  f.assign(1, {0, 40}, 1, true);
  f.assign(2, {40, 44}, 2, true);
  f.serve();
  for (int i = 0; i < 6; ++i) {
    f.take();
    f.serve();
  }
  const auto skipped = f.feed.skip_until(1);
  BOOST_TEST_REQUIRE(skipped.size() == 1u);
  BOOST_TEST((skipped[0].second == position_range{24, 40}));
  f.ask();
  f.serve();
  BOOST_TEST(f.next_is({40, 44}, 2, true));
  BOOST_TEST(f.feed.empty());
}

BOOST_AUTO_TEST_CASE(any_order_of_rounds_skips_stops_and_answers) {
  // What is to come, kept apart from the feed: the rest of every lease in its order.
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      const random_stream random(seed, random_purpose::test);
      std::uint64_t drawn = 0;
      const auto draw = [&](std::uint64_t bound) { return random.below(drawn++, bound); };
      const std::uint32_t shards = 1 + static_cast<std::uint32_t>(seed % 3);
      farm f(90, shards);
      std::deque<lease> book;
      std::uint64_t ids = 0, clock = 0, taken = 0, idle = 0;
      for (int event = 0; event < 400 || (idle < 100 && !book.empty()); ++event) {
        const bool more = event < 400;
        const std::uint64_t what = draw(40);
        if (what < 6 && more && book.size() < 6) {
          // A round: one or two leases, sometimes an empty one.
          ++clock;
          const std::uint32_t epoch = static_cast<std::uint32_t>(draw(3));
          const std::uint64_t a = draw(90), b = draw(91 - a);
          if (draw(3) == 0 && b > 0) {
            book.push_back({++ids, 0, epoch, {a, a + b}, clock, false});
            f.assign(ids, {a, a + b}, clock, false, epoch);
          }
          const std::uint64_t c = draw(90), d = draw(3) == 0 ? 0 : draw(91 - c);
          book.push_back({++ids, 0, epoch, {c, c + d}, clock, true});
          f.assign(ids, {c, c + d}, clock, true, epoch);
        } else if (what == 6 && more) {
          const std::uint64_t until = clock - std::min(clock, draw(3));
          const auto skipped = f.feed.skip_until(until);
          f.ask();
          for (const auto& [id, range] : skipped) {
            BOOST_TEST_REQUIRE((!book.empty() && book.front().id == id));
            BOOST_TEST_REQUIRE((book.front().range == range));
            book.pop_front();
          }
          BOOST_TEST_REQUIRE((book.empty() || book.front().clock > until));
        } else if (what == 7 && more && draw(4) == 0) {
          f.feed.clear();
          f.ask();
          book.erase(
              std::remove_if(book.begin(), book.end(), [](const lease& l) { return !l.closes; }),
              book.end());
          for (lease& l : book) l.range.last = l.range.first;
        } else if (what < 24) {
          const std::size_t shard = draw(shards);
          BOOST_TEST_REQUIRE(f.asked(shard) <= 2u);
          if (f.asked(shard) > 0) f.answer(shard);
        } else if (f.feed.ready()) {
          idle = 0;
          lease& next = book.front();
          const std::uint64_t count = std::min(batch_size, next.range.size());
          const mini_batch got = f.take();
          BOOST_TEST_REQUIRE(got.range.size() <= batch_size);
          BOOST_TEST_REQUIRE(got.range.first == next.range.first);
          BOOST_TEST_REQUIRE(got.range.size() == count);
          BOOST_TEST_REQUIRE(got.epoch == next.epoch);
          BOOST_TEST_REQUIRE(got.clock == next.clock);
          next.range.first += count;
          BOOST_TEST_REQUIRE(got.closes == (next.closes && next.range.size() == 0));
          if (next.range.size() == 0) book.pop_front();
          ++taken;
        } else {
          ++idle;
        }
        BOOST_TEST_REQUIRE(f.feed.empty() == book.empty());
      }
      BOOST_TEST(book.empty());
      BOOST_TEST(taken > 50u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
