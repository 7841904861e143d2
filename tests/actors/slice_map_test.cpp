// Who is home to which slice, who keeps backups, and what is waited for until they hold it.

#include "troupe/actors/slice_map.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

#include "troupe/actors/slice_backups.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;

namespace {

const std::vector<std::string> three(3);

void fill_all(slice_map& map) {
  for (std::size_t slice = 0; slice < map.size(); ++slice) {
    const auto backups = map.at(slice).backups;
    for (const auto& b : backups) map.fill(slice, b.id);
  }
}

std::vector<std::uint32_t> homes(const slice_map& map) {
  std::vector<std::uint32_t> out;
  for (std::size_t slice = 0; slice < map.size(); ++slice) out.push_back(map.at(slice).home);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slice_maps)

BOOST_AUTO_TEST_CASE(backups_spread_and_never_lie_beside_their_home) {
  slice_map map(6, {"a", "a", "b", "c"}, 2);
  map.begin({0, 0, 1, 1, 2, 3});
  BOOST_TEST((map.fill() == slice_map::homes{0, 1, 2, 3}));
  std::map<std::uint32_t, int> load;
  for (std::size_t slice = 0; slice < map.size(); ++slice) {
    const auto& at = map.at(slice);
    BOOST_TEST_REQUIRE(at.backups.size() == 2u);
    BOOST_TEST(at.backups[0].server != at.backups[1].server);
    for (const auto& b : at.backups) {
      BOOST_TEST(b.server != at.home);
      BOOST_TEST((b.server > 1 || at.home > 1));  // 0 and 1 are on one node
      ++load[b.server];
    }
  }
  BOOST_TEST(load[2] == 5);  // all but its own
  BOOST_TEST(map.fill().empty());
  BOOST_TEST(!map.all_whole());
  fill_all(map);
  BOOST_TEST(map.all_whole());
}

BOOST_AUTO_TEST_CASE(only_a_whole_backup_takes_over) {
  slice_map map(2, three, 1);
  map.begin({0, 1});
  map.fill();
  const auto first = map.at(0).backups[0];
  BOOST_TEST(map.fill(0, first.id));
  BOOST_TEST(!map.fill(0, first.id));
  slice_map::homes told;
  BOOST_TEST(map.lose(0, told));
  BOOST_TEST(map.at(0).home == first.server);
  BOOST_TEST(map.at(0).term == 2u);
  BOOST_TEST(map.at(0).backups.empty());
  BOOST_TEST(told.count(first.server) == 1u);
  BOOST_TEST(told.count(0) == 0u);
  // Nobody has all of what is left there.
  BOOST_TEST(!map.lose(first.server, told));
}

BOOST_AUTO_TEST_CASE(an_answer_about_a_backup_that_was_given_up_is_nothing) {
  slice_map map(1, three, 1);
  map.begin({0});
  map.fill();
  const auto old = map.at(0).backups[0];
  slice_map::homes told;
  BOOST_TEST(map.lose(old.server, told));
  map.come(old.server, "");
  map.fill();
  BOOST_TEST(!map.fill(0, old.id));
  BOOST_TEST(!map.at(0).backups[0].whole);
}

/// Whatever happens, a slice has one home, which is there, and terms only grow. In the end all
/// servers lead about as many.
BOOST_AUTO_TEST_CASE(every_slice_has_a_home_whoever_comes_and_goes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const random_stream draws(seed, random_purpose::test);
    std::uint64_t at = 0;
    const auto draw = [&](std::uint64_t below) { return draws.below(at++, below); };
    const auto servers = static_cast<std::uint32_t>(2 + draw(5));
    slice_map map(1 + draw(12), std::vector<std::string>(servers),
                  static_cast<std::uint32_t>(1 + draw(2)));
    std::vector<std::uint32_t> first;
    for (std::size_t slice = 0; slice < map.size(); ++slice) {
      first.push_back(static_cast<std::uint32_t>(draw(servers)));
    }
    map.begin(first);
    map.fill();
    std::vector<std::uint64_t> terms(map.size(), 0);
    for (int steps = 0; steps < 60; ++steps) {
      const auto server = static_cast<std::uint32_t>(draw(servers));
      if (draw(3) == 0) fill_all(map);
      if (draw(3) == 0) map.even_out();
      if (!map.is_here(server)) {
        map.come(server, "");
        map.fill();
      } else if (draw(2) == 0) {
        slice_map::homes told;
        if (!map.lose(server, told)) {
          // The run goes back: all begin anew once all are here.
          for (std::uint32_t s = 0; s < servers; ++s) map.come(s, "");
          map.begin(first);
        }
        map.fill();
      }
      for (std::size_t slice = 0; slice < map.size(); ++slice) {
        const auto& p = map.at(slice);
        BOOST_TEST_REQUIRE(map.is_here(p.home));
        BOOST_TEST_REQUIRE(p.term >= terms[slice]);
        terms[slice] = p.term;
        for (const auto& b : p.backups) {
          BOOST_TEST_REQUIRE(map.is_here(b.server));
          BOOST_TEST_REQUIRE(b.server != p.home);
        }
      }
    }
    for (std::uint32_t s = 0; s < servers; ++s) map.come(s, "");
    for (std::size_t steps = 0; steps < 2 * map.size() + 2; ++steps) {
      map.fill();
      fill_all(map);
      map.even_out();
    }
    std::vector<std::size_t> load(servers, 0);
    for (const std::uint32_t home : homes(map)) ++load[home];
    const auto [least, most] = std::minmax_element(load.begin(), load.end());
    BOOST_TEST(*most <= *least + 1, "seed " << seed);
    BOOST_TEST(map.all_whole());
  }
}

BOOST_AUTO_TEST_CASE(what_waits_is_done_in_order_once_all_hold_it) {
  slice_backups<char> backups;
  std::string done;
  const auto then = [&](char what) { backups.then([&done, what] { done += what; }); };
  const auto go = [&] {
    for (const auto& what : backups.take_ready()) what();
    return done;
  };
  then('0');
  BOOST_TEST(go() == "0");  // nobody has to hold it
  backups.set({'a', 'b'});
  BOOST_TEST((backups.due() == std::vector<char>{'a', 'b'}));
  const auto begun = backups.changes();
  then('1');
  backups.changed();
  then('2');
  BOOST_TEST(backups.due().empty());  // an image is on its way to each
  backups.holds('a', begun);
  BOOST_TEST(go() == "0");
  BOOST_TEST((backups.due() == std::vector<char>{'a'}));
  backups.holds('b', begun);
  BOOST_TEST(go() == "01");
  backups.holds('a', backups.changes());
  BOOST_TEST(go() == "01");
  // Without the one that is behind.
  backups.set({'a'});
  then('3');
  BOOST_TEST(go() == "012");
  BOOST_TEST((backups.due() == std::vector<char>{'a'}));
  backups.holds('a', backups.changes());
  BOOST_TEST(go() == "0123");
}

BOOST_AUTO_TEST_SUITE_END()
