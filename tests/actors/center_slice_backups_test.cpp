// Rounds that are closed before all have committed.

#include <boost/test/unit_test.hpp>

#include "actors/slice_talk.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using kind = slice_talk::kind;

}  // namespace

BOOST_AUTO_TEST_SUITE(slices_with_backups)

BOOST_AUTO_TEST_CASE(late_commits_are_dropped_with_the_round_that_is_over) {
  slice_talk talk(slice_in_rounds("downpour", 1, true));
  talk.join(1, {0, 1, 2});
  talk.commit({2, 1, 1, all(1)});
  BOOST_TEST((what(talk.commit({0, 1, 1, all(2)}), 2) == kind::APPLIED));
  talk.commit({0, 2, 2, all(2)});
  talk.commit({2, 2, 2, all(1)});
  const auto closed = talk.slice().take_closed();
  BOOST_TEST_REQUIRE(closed.size() == 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(closed[i].first == i + 1);
    BOOST_TEST((closed[i].second == std::vector<std::uint32_t>{0, 2}));
  }
  BOOST_TEST(talk.slice().take_closed().empty());
  for (int again = 0; again < 2; ++again) {  // a resend gets the same
    const auto late = talk.commit({1, 1, 1, all(100)});
    BOOST_TEST(late.size() == 1u);
    BOOST_TEST((what(late, 1) == kind::DROPPED));
    BOOST_TEST((*late[0].verdict).getClock() == 2u);
    BOOST_TEST((slice_talk::values(late[0].center) == all(6)));
  }
  BOOST_TEST((talk.verdict({1, 2, 3, all(100)}) == kind::HELD));
  BOOST_TEST((what(talk.commit({0, 3, 3, all(0)}), 1) == kind::APPLIED));
  BOOST_TEST((talk.center() == all(106)));
}

BOOST_AUTO_TEST_CASE(a_slice_that_does_not_decide_takes_what_was_decided) {
  for (const int order : {0, 1, 2, 3}) {
    slice_talk talk(slice_in_rounds("downpour", 2));
    talk.join(1, {0, 1, 2});
    center_slice::answers done;
    auto also = [&](center_slice::answers more) {
      for (auto& a : more) {
        if (slice_talk::kind_of(a) != kind::HELD) done.push_back(std::move(a));
      }
    };
    // The decided one, the one that is late, and the news, in several orders.
    if (order == 0) also(talk.slice().close(1, {1}));
    also(talk.commit({0, 1, 1, all(100)}));
    if (order == 1) also(talk.slice().close(1, {1}));
    also(talk.commit({1, 1, 1, all(1)}));
    if (order >= 2) {
      BOOST_TEST(done.empty());
      also(talk.slice().close(1, {1}));
    }
    BOOST_TEST(done.size() == 2u);
    BOOST_TEST((what(done, 1) == kind::APPLIED));
    BOOST_TEST((what(done, 0) == kind::DROPPED));
    BOOST_TEST((*to(done, 0).verdict).getClock() == 1u);
    BOOST_TEST((talk.center() == all(1)));
    also(talk.commit({2, 1, 1, all(100)}));
    BOOST_TEST((what(done, 2) == kind::DROPPED));
    BOOST_TEST(talk.slice().close(1, {0, 1, 2}).empty());
    BOOST_TEST(talk.version() == 1u);
    BOOST_TEST(talk.slice().take_closed().empty());
  }
}

BOOST_AUTO_TEST_CASE(a_round_of_nobody_leaves_the_centre_as_it_is) {
  const registry<protocol_entry> known = builtin_protocols();
  for (const protocol_entry& entry : known.entries()) {
    const auto& names = entry.consistencies;
    const bool fits = std::count(names.begin(), names.end(), "synchronous") > 0;
    if (!entry.counts_commits || !fits || entry.rule == rule_place::server) continue;
    BOOST_TEST_CONTEXT(entry.name) {
      slice_setup setup = slice_in_rounds(entry.name, 1);
      setup.start = all(3);
      slice_talk talk(setup);
      talk.join(1, {0, 1});
      BOOST_TEST(talk.slice().close(1, {0}).empty());
      BOOST_TEST((talk.verdict({1, 1, 2, all(1)}) == kind::HELD));
      BOOST_TEST(talk.join(2, {1}).empty());
      BOOST_TEST(talk.version() == 1u);
      BOOST_TEST((talk.center() == all(3)));
      const auto done = talk.slice().close(2, {1});
      BOOST_TEST((what(done, 1) == kind::APPLIED));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
