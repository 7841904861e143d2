// Who is given what, by hand; whole games are in allocation_play_test.cpp.

#include "troupe/actors/allocation.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <deque>
#include <map>

#include "actors/allocation_plan.hpp"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// A report of one range.
struct told {
  std::uint32_t worker = 0, epoch = 0;
  position_range range;
  std::uint64_t rows = 0, clock = 1;
  bool dropped = false;
  double seconds = 0;

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
    out->setSeconds(seconds);
    return a.take(*std::move(out).finish(), 0);
  }
};

std::string give_back(allocation& a, std::uint32_t worker, std::uint64_t id, std::uint64_t first) {
  return a.take(*yielded(worker, id, first), 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocations)

BOOST_AUTO_TEST_CASE(reports_of_what_was_not_given_are_refused) {
  allocation a(plan_for({16, 2, 4, 1, "synchronous", 1, false}), 2);
  for (const std::uint32_t w : {0u, 1u}) a.joined(w);
  const auto leases = a.grant(0);  // rounds 1 and 2, 4 rows each
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
  allocation b(plan_for({16, 2, 4, 1, "synchronous", 1, false}), 2);
  for (const std::uint32_t w : {0u, 1u}) b.joined(w);
  b.grant(0);
  BOOST_TEST((!told{0, 0, {0, 4}, 4, 3}.to(b).empty()));
}

/// Whatever the speeds: what nobody has begun is not moved for ever, however fast messages are.
BOOST_AUTO_TEST_CASE(work_comes_to_rest) {
  const random_stream draws(1, random_purpose::test);
  std::uint64_t drawn = 0, moved = 0;
  for (int play = 0; play < 300; ++play) {
    const std::uint32_t workers = 2 + static_cast<std::uint32_t>(draws.below(drawn++, 4));
    allocation a(plan_for({1000, workers, 4, 3, "asynchronous", 1, true}), workers);
    std::vector<std::deque<lease>> held(workers);
    std::vector<double> row_seconds;
    for (std::uint32_t w = 0; w < workers; ++w) {
      a.joined(w);
      row_seconds.push_back(std::pow(10.0, -3 - 2 * draws.uniform(drawn++)));
    }
    while (!a.all_done()) {
      std::uint64_t asked = 1, times = 0;
      for (; asked > 0 && times < 200; ++times) {
        for (const lease& l : a.grant(0)) {
          moved += l.moved_from ? 1 : 0;
          held[l.worker].push_back(l);
        }
        const auto revoked = a.revoke(0);
        asked = revoked.size();
        for (const auto& r : revoked) {
          auto& leases = held[r.worker];
          const auto at = std::find_if(leases.begin(), leases.end(),
                                       [&](const lease& l) { return l.id == r.lease; });
          BOOST_TEST_REQUIRE((at != leases.end()));
          BOOST_TEST_REQUIRE(give_back(a, r.worker, r.lease, at->range.first) == "");
          leases.erase(at);
        }
      }
      BOOST_TEST_REQUIRE(times < 200u);
      std::uint32_t next = 0;
      do {
        next = static_cast<std::uint32_t>(draws.below(drawn++, workers));
      } while (held[next].empty());
      lease& first = held[next].front();
      const std::uint64_t rows = std::min<std::uint64_t>(12, first.range.size());
      const position_range window{first.range.first, first.range.first + rows};
      const double seconds = static_cast<double>(rows) * row_seconds[next];
      BOOST_TEST_REQUIRE((told{next, 0, window, rows, 1, false, seconds}.to(a) == ""));
      first.range.first += rows;
      if (first.range.size() == 0) held[next].pop_front();
    }
  }
  BOOST_TEST(moved > 100u);
}

BOOST_AUTO_TEST_CASE(rounds_are_given_out_two_ahead) {
  allocation a(plan_for({64, 2, 4, 1, "synchronous", 1, false}), 2);
  BOOST_TEST(a.grant(0).empty());
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
    for (const lease& l : a.grant(0)) out.push_back(l.clock);
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

BOOST_AUTO_TEST_CASE(whoever_is_spared_is_not_late) {
  // An epoch is two mini-batches. In rounds 1 and 2 worker 1 is too late with one of them; rounds 3
  // and 4 are for those alone, and the third worker has no part in them.
  allocation a(plan_for({8, 3, 4, 1, "{name: synchronous, backup_workers: 1}", 9, false}), 3);
  for (const std::uint32_t w : {0u, 1u, 2u}) a.joined(w);
  std::map<std::uint64_t, std::vector<std::uint32_t>> given;
  const auto grant = [&] {
    for (const lease& l : a.grant(0)) {
      if (l.closes) given[l.clock].push_back(l.worker);
    }
  };
  const auto idle = [&](std::uint32_t w, std::uint64_t clock) {
    wire_builder<schema::Progress> out;
    out->setWorker(w);
    out->setClock(clock);
    BOOST_TEST(a.take(*std::move(out).finish(), 0) == "");
  };
  grant();
  for (const std::uint32_t round : {1u, 2u}) {
    const std::uint32_t epoch = round - 1;
    idle(0, round);
    BOOST_TEST((told{1, epoch, {0, 4}, 4, round, true}.to(a) == ""));
    BOOST_TEST((told{2, epoch, {4, 8}, 4, round}.to(a) == ""));
    grant();
  }
  idle(0, 3);
  BOOST_TEST((told{1, 0, {0, 4}, 4, 3}.to(a) == ""));
  grant();
  using some = std::vector<std::uint32_t>;
  for (const std::uint64_t round : {1, 2, 5}) BOOST_TEST((given[round] == some{0, 1, 2}));
  for (const std::uint64_t round : {3, 4}) BOOST_TEST((given[round] == some{0, 1}));
}

BOOST_AUTO_TEST_CASE(whoever_has_nothing_to_train_is_no_member) {
  // Two workers, three windows of four rows: when all are given out, those who are done leave.
  allocation a(plan_for({12, 2, 4, 1, "{name: bounded, staleness: 1}", 1}), 2);
  for (const std::uint32_t w : {0u, 1u}) a.joined(w);
  const auto leases = a.grant(0);
  BOOST_TEST_REQUIRE(leases.size() == 3u);  // two for the first, one for the second
  BOOST_TEST(a.take_view()->members.size() == 2u);
  BOOST_TEST((told{1, 0, {8, 12}, 4, 1}.to(a) == ""));
  BOOST_TEST(a.grant(0).empty());
  const auto view = a.take_view();
  BOOST_TEST_REQUIRE(view.has_value());
  BOOST_TEST((view->members == std::vector<membership::member>{{0, 0}}));
  // Something comes back: the idle one enters again, where it was or where the slowest is.
  BOOST_TEST((told{0, 0, {0, 4}, 4, 1}.to(a) == ""));
  BOOST_TEST(give_back(a, 0, leases[1].id, 4) == "");
  const auto again = a.grant(0);
  BOOST_TEST_REQUIRE(again.size() == 1u);
  BOOST_TEST(again[0].worker == 1u);
  BOOST_TEST(again[0].clock == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_view_nobody_is_dissolved) {
  allocation a(plan_for({12, 2, 4, 1, "asynchronous", 1}), 2);
  a.joined(0);
  BOOST_TEST(!a.grant(0).empty());
  a.dissolve();
  BOOST_TEST(!a.take_view());
}

BOOST_AUTO_TEST_SUITE_END()
