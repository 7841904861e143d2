// Commits that wait: bounded staleness, rounds, views, backup workers. What is answered at once is
// in center_slice_test.cpp.

#include <boost/test/unit_test.hpp>
#include <limits>

#include "actors/slice_talk.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using kind = slice_talk::kind;
using facts = slice_talk::facts;
using floats = std::vector<float>;

}  // namespace

BOOST_AUTO_TEST_SUITE(slices_that_wait)

BOOST_AUTO_TEST_CASE(a_bounded_commit_is_applied_at_once_and_answered_in_time) {
  slice_talk talk(bounded_slice(1));
  BOOST_TEST(talk.join(1, {0, 1}).empty());
  BOOST_TEST((talk.verdict({0, 1, 1, all(1)}) == kind::APPLIED));
  // Two windows ahead: it waits, but its numbers are there for everybody.
  const facts ahead{0, 2, 2, all(2)};
  const auto held = talk.commit(ahead);
  BOOST_TEST(held.size() == 1u);
  BOOST_TEST((what(held, 0) == kind::HELD));
  BOOST_TEST(held[0].center.empty());
  BOOST_TEST((talk.center() == all(3)));
  BOOST_TEST(talk.version() == 2u);
  for (int again = 0; again < 3; ++again) BOOST_TEST((talk.verdict(ahead) == kind::HELD));
  BOOST_TEST(talk.version() == 2u);
  // Only one commit may be under way.
  const auto refused = talk.commit({0, 3, 3, all(1)});
  BOOST_TEST((what(refused, 0) == kind::REFUSED));
  // The other one comes: it is answered, and so is the first, both with the centre of now.
  const auto both = talk.commit({1, 1, 1, all(4)});
  BOOST_TEST(both.size() == 2u);
  for (const std::uint32_t w : {0u, 1u}) {
    BOOST_TEST((what(both, w) == kind::APPLIED));
    BOOST_TEST((slice_talk::values(to(both, w).center) == all(7)));
  }
  BOOST_TEST((*to(both, 0).verdict).getSequence() == 2u);
  BOOST_TEST((*to(both, 1).verdict).getStaleness() == 2u);
  BOOST_TEST((*to(both, 0).verdict).getStaleness() == 0u);
  BOOST_TEST((talk.verdict(ahead) == kind::REPEAT));
  BOOST_TEST((talk.center() == all(7)));
}

BOOST_AUTO_TEST_CASE(a_held_elastic_commit_gets_the_centre_that_it_met) {
  slice_setup setup = bounded_slice(0, "aeasgd");
  setup.protocol_options = {{"alpha", 0.5}};
  slice_talk talk(setup);
  talk.join(1, {0, 1});
  BOOST_TEST((talk.verdict({0, 1, 1, all(8)}) == kind::HELD));  // 0 -> 4
  const auto both = talk.commit({1, 1, 1, all(8)});             // 4 -> 6
  BOOST_TEST((slice_talk::values(to(both, 0).center) == all(0)));
  BOOST_TEST((*to(both, 0).center).getVersion() == 0u);
  BOOST_TEST((slice_talk::values(to(both, 1).center) == all(4)));
  BOOST_TEST((talk.center() == all(6)));
}

BOOST_AUTO_TEST_CASE(a_round_waits_for_all_and_is_one_version) {
  slice_talk talk(slice_in_rounds("downpour"));
  talk.join(1, {0, 2, 5});
  BOOST_TEST((talk.verdict({5, 1, 1, all(1)}) == kind::HELD));
  BOOST_TEST((talk.verdict({0, 1, 1, all(2)}) == kind::HELD));
  BOOST_TEST((talk.verdict({5, 1, 1, all(1)}) == kind::HELD));
  BOOST_TEST((talk.center() == all(0)));
  const auto done = talk.commit({2, 1, 1, all(4)});
  BOOST_TEST(done.size() == 3u);
  for (const std::uint32_t w : {0u, 2u, 5u}) {
    BOOST_TEST((what(done, w) == kind::APPLIED));
    BOOST_TEST((slice_talk::values(to(done, w).center) == all(7)));
    BOOST_TEST((to(done, w).center == talk.slice().center()));
    BOOST_TEST((*to(done, w).verdict).getStaleness() == 0u);
  }
  BOOST_TEST(talk.version() == 1u);
  BOOST_TEST((talk.verdict({0, 1, 1, all(2)}) == kind::REPEAT));
  BOOST_TEST(talk.version() == 1u);
  BOOST_TEST(talk.slice().take_closed().empty());  // it does not decide
}

BOOST_AUTO_TEST_CASE(a_round_adds_up_in_the_order_of_workers) {
  // In floats 2^24 + 1 - 2^24 is 0 and 2^24 - 2^24 + 1 is 1.
  const std::vector<float> of = {0x1p24f, -0x1p24f, 1};
  std::vector<std::uint32_t> order = {0, 1, 2};
  do {
    slice_talk talk(slice_in_rounds("downpour"));
    talk.join(1, {0, 1, 2});
    for (const std::uint32_t w : order) talk.commit({w, 1, 1, all(of[w])});
    BOOST_TEST((talk.center() == all(1)));
  } while (std::next_permutation(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(rounds_of_later_views_wait_for_the_view) {
  for (const bool early_again : {false, true}) {
    slice_talk talk(slice_in_rounds("downpour"));
    talk.join(1, {0});
    BOOST_TEST((talk.verdict({0, 1, 1, all(1)}) == kind::APPLIED));
    // View 3 has workers 0 and 4; it is not here yet.
    const facts zero{0, 2, 2, all(2), 3}, four{4, 1, 2, all(4), 3};
    BOOST_TEST((talk.verdict(four) == kind::HELD));
    BOOST_TEST((talk.verdict(zero) == kind::HELD));
    if (early_again) BOOST_TEST((talk.verdict(four) == kind::HELD));
    BOOST_TEST(talk.join(2, {0}).empty());
    BOOST_TEST((talk.center() == all(1)));
    const auto done = talk.join(3, {0, 4}, 0);
    BOOST_TEST(done.size() == 2u);
    BOOST_TEST((what(done, 0) == kind::APPLIED));
    BOOST_TEST((what(done, 4) == kind::APPLIED));
    BOOST_TEST((talk.center() == all(7)));
    BOOST_TEST(talk.join(3, {0}).empty());  // an old one again
    BOOST_TEST(talk.join(2, {0}).empty());
  }
}

BOOST_AUTO_TEST_CASE(a_new_incarnation_takes_its_early_commit_with_it) {
  for (const char* consistency : {"bounded", "synchronous"}) {
    // The old incarnation's commit waits for view 5; then the new one's does, for 5 or for 6.
    for (const std::uint64_t view : {4, 5, 6}) {
      slice_setup setup;
      setup.consistency = consistency;
      if (setup.consistency == "bounded") setup.options = {{"staleness", 0}};
      slice_talk talk(setup);
      talk.join(4, {0, 1});
      BOOST_TEST((talk.verdict({0, 3, 1, all(100), 5, 1}) == kind::HELD));
      BOOST_TEST((talk.verdict({0, 1, 1, all(1), view, 2}) == kind::HELD));
      talk.join(6, {0, 1});
      const auto done = talk.commit({1, 1, 1, all(10), 6});
      BOOST_TEST((what(done, 0) == kind::APPLIED));
      BOOST_TEST((*to(done, 0).verdict).getSequence() == 1u);
      BOOST_TEST((talk.center() == all(11)));
      BOOST_TEST(talk.version() == (setup.consistency == "bounded" ? 2u : 1u));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_new_incarnations_early_commit_is_in_no_round_before_its_view) {
  for (const bool leaves : {false, true}) {
    slice_talk talk(slice_in_rounds("downpour"));
    talk.join(1, {0, 1});
    BOOST_TEST((talk.verdict({0, 1, 1, all(100), 1, 1}) == kind::HELD));
    // Worker 0 came back in view 3; round 1 is closed, or it is thrown out, before that is known.
    BOOST_TEST((talk.verdict({0, 1, 2, all(1), 3, 2}) == kind::HELD));
    const auto round = leaves ? talk.join(2, {1}) : talk.commit({1, 1, 1, all(10)});
    BOOST_TEST(round.size() == (leaves ? 0u : 1u));
    if (leaves) BOOST_TEST((talk.verdict({1, 1, 1, all(10)}) == kind::APPLIED));
    BOOST_TEST((talk.center() == all(10)));
    BOOST_TEST(talk.join(3, {0, 1}, 1).empty());
    const auto next = talk.commit({1, 2, 2, all(10), 3});
    BOOST_TEST((what(next, 0) == kind::APPLIED));
    BOOST_TEST((talk.center() == all(21)));
  }
}

BOOST_AUTO_TEST_CASE(whoever_leaves_is_told_so) {
  slice_talk talk(slice_in_rounds("downpour"));
  talk.join(1, {0, 1, 2});
  talk.commit({0, 1, 1, all(1)});
  talk.commit({1, 1, 1, all(2)});
  const auto left = talk.join(2, {1});
  BOOST_TEST(left.size() == 2u);
  BOOST_TEST((what(left, 0) == kind::DROPPED));
  BOOST_TEST((what(left, 1) == kind::APPLIED));
  BOOST_TEST((talk.center() == all(2)));
  talk.commit({1, 2, 2, all(2)});
  BOOST_TEST((talk.verdict({0, 1, 1, all(1)}) == kind::DROPPED));
  // Nobody is left.
  const auto none = talk.join(3, {});
  BOOST_TEST(none.empty());
  BOOST_TEST((talk.verdict({1, 3, 3, all(2)}) == kind::DROPPED));
  BOOST_TEST((talk.center() == all(4)));
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_left_out_of_its_round) {
  for (const char* protocol : {"downpour", "adag", "easgd", "averaging", "diloco", "dynsgd"}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      for (std::uint32_t culprit = 0; culprit < 3; ++culprit) {
        BOOST_TEST_CONTEXT(protocol << ", worker " << culprit) {
          slice_talk talk(slice_in_rounds(protocol)), sound(slice_in_rounds(protocol));
          talk.join(1, {0, 1, 2});
          sound.join(1, {0, 1, 2});
          sound.join(2, culprit == 0   ? std::vector<std::uint32_t>{1, 2}
                        : culprit == 1 ? std::vector<std::uint32_t>{0, 2}
                                       : std::vector<std::uint32_t>{0, 1});
          center_slice::answers last;
          for (const std::uint32_t w : {1u, 2u, 0u}) {
            facts f{w, 1, 1, all(1 + static_cast<float>(w))};
            f.rows = 1 + w;
            if (w != culprit) sound.commit(f);
            if (w == culprit) f.payload[5] = bad;
            last = talk.commit(f);
          }
          BOOST_TEST(last.size() == 3u);
          for (const std::uint32_t w : {0u, 1u, 2u}) {
            const bool is = w == culprit;
            BOOST_TEST((what(last, w) == (is ? kind::REFUSED : kind::APPLIED)));
            BOOST_TEST((*to(last, w).verdict).getNotFinite() == is);
            BOOST_TEST(to(last, w).center.empty() == is);
          }
          BOOST_TEST(talk.version() == 1u);
          BOOST_TEST((talk.center() == sound.center()));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_round_of_nothing_finite) {
  slice_talk talk(slice_in_rounds("averaging"));
  talk.join(1, {0, 1});
  const floats bad = all(std::numeric_limits<float>::infinity());
  BOOST_TEST((talk.verdict({0, 1, 1, bad}) == kind::HELD));
  const auto both = talk.commit({1, 1, 1, bad});
  BOOST_TEST(both.size() == 2u);
  for (const std::uint32_t w : {0u, 1u}) BOOST_TEST((what(both, w) == kind::REFUSED));
  BOOST_TEST((talk.center() == all(0)));
}

BOOST_AUTO_TEST_CASE(a_held_bounded_commit_that_is_not_finite_is_refused_at_once) {
  slice_talk talk(bounded_slice(0));
  talk.join(1, {0, 1});
  const auto a = talk.commit({0, 1, 1, all(std::numeric_limits<float>::infinity())});
  BOOST_TEST(a.size() == 1u);
  BOOST_TEST((what(a, 0) == kind::REFUSED));
  BOOST_TEST(talk.version() == 0u);
  const auto b = talk.commit({1, 1, 1, all(1)});  // and is never answered again
  BOOST_TEST(b.size() == 1u);
  BOOST_TEST((what(b, 1) == kind::APPLIED));
}

BOOST_AUTO_TEST_CASE(a_commit_that_keeps_its_replica_gets_no_centre) {
  for (const bool in_rounds : {false, true}) {
    slice_talk talk(in_rounds ? slice_in_rounds("downpour") : bounded_slice(0));
    talk.join(1, {0, 1});
    facts push{0, 1, 1, all(1)};
    push.keeps = true;
    BOOST_TEST((talk.verdict(push) == kind::HELD));
    const auto both = talk.commit({1, 1, 1, all(1)});
    BOOST_TEST((what(both, 0) == kind::APPLIED));
    BOOST_TEST(to(both, 0).center.empty());
    BOOST_TEST(!to(both, 1).center.empty());
    BOOST_TEST((what(talk.commit(push), 0) == kind::REPEAT));
  }
}

BOOST_AUTO_TEST_CASE(the_base_is_what_the_worker_was_last_given) {
  // adag_thesis with gamma 1 divides by (c - base)^2 + 1.
  slice_setup setup;
  setup.protocol = "adag_thesis";
  setup.consistency = "asynchronous";
  setup.protocol_options = {{"gamma", 1.0}};
  slice_talk talk(setup);
  talk.slice().pull(0, 0);
  talk.slice().pull(1, 0);
  BOOST_TEST((talk.verdict({0, 1, 1, all(2)}) == kind::APPLIED));
  BOOST_TEST((talk.center() == all(2)));
  facts one{1, 1, 1, all(10)};
  BOOST_TEST((talk.verdict(one) == kind::APPLIED));  // 10 / (2^2 + 1)
  BOOST_TEST((talk.center() == all(4)));
  // The answer was lost; the resend is given version 3, and starts from there.
  BOOST_TEST((talk.verdict({0, 2, 2, all(5), 0, 1, 1}) == kind::APPLIED));  // 5 / (2^2 + 1)
  BOOST_TEST((talk.center() == all(5)));
  BOOST_TEST((talk.verdict(one) == kind::REPEAT));
  BOOST_TEST((talk.verdict({0, 3, 3, all(1), 0, 1, 3}) == kind::APPLIED));
  BOOST_TEST((talk.center() == all(6)));
  BOOST_TEST((talk.verdict({1, 2, 2, all(2), 0, 1, 3}) == kind::APPLIED));  // 2 / (1^2 + 1)
  BOOST_TEST((talk.center() == all(7)));
}

BOOST_AUTO_TEST_CASE(pulls_of_whole_rounds) {
  slice_talk talk(slice_in_rounds("downpour"));
  talk.join(1, {0});
  for (std::uint64_t t = 1; t <= 3; ++t) talk.commit({0, t, t, all(1)});
  const auto pulled = [&](std::uint64_t version) {
    return talk.slice().pull(schema::Pull::NOBODY, version);
  };
  BOOST_TEST((slice_talk::values(pulled(0)) == all(3)));
  BOOST_TEST((slice_talk::values(pulled(3)) == all(3)));
  BOOST_TEST((slice_talk::values(pulled(2)) == all(2)));
  BOOST_TEST((*pulled(2)).getVersion() == 2u);
  BOOST_TEST((slice_talk::values(pulled(1)) == all(3)));  // gone: the latest
  BOOST_TEST(pulled(4).empty());
  talk.commit({0, 4, 4, all(1)});
  BOOST_TEST((slice_talk::values(pulled(4)) == all(4)));
  BOOST_TEST((slice_talk::values(pulled(3)) == all(3)));
  // No round will come any more.
  talk.join(2, {});
  BOOST_TEST((slice_talk::values(pulled(9)) == all(4)));
  // Elsewhere versions are no rounds.
  slice_talk free(bounded_slice(3));
  BOOST_TEST((slice_talk::values(free.slice().pull(schema::Pull::NOBODY, 9)) == all(0)));
}

BOOST_AUTO_TEST_SUITE_END()
