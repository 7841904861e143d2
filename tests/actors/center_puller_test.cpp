// The whole centre, slice by slice, while rounds go by.

#include "troupe/actors/center_puller.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/two_servers.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// What one pull brought: of each slice the version and the first number.
struct brought {
  std::vector<std::uint64_t> versions = std::vector<std::uint64_t>(3);
  std::vector<float> numbers = std::vector<float>(3);
  bool whole() const { return versions[0] == versions[1] && versions[1] == versions[2]; }
};

struct pulling {
  std::vector<parameter_server_actor> home;
  center_puller puller;
  brought now;
};
using pulling_actor = caf::typed_actor<caf::reacts_to<tick_atom>>;

pulling_actor::behavior_type pulls(pulling_actor::stateful_pointer<pulling> self,
                                   const two_servers* servers, std::uint32_t worker,
                                   std::vector<brought>* all, std::vector<std::string>* failed) {
  return {[=](tick_atom) {
    self->state.home = {servers->at(0), servers->at(1), servers->at(2)};
    self->state.puller.pull(
        self, *servers->plan, self->state.home, {0, worker},
        [=](std::size_t slice, std::uint64_t version, span<const float> values) {
          BOOST_TEST_REQUIRE(values.size() == 16u);
          self->state.now.versions[slice] = version;
          self->state.now.numbers[slice] = values[0];
        },
        [=] { all->push_back(self->state.now); },
        [=](const std::string& why) { failed->push_back(why); });
  }};
}

/// Rounds of one worker whose commits come to the slices one by one, with pulls in between.
struct scene {
  scene(const std::string& consistency, std::uint32_t worker, std::uint64_t seed)
      : servers(consistency),
        random(seed, random_purpose::test),
        puller(servers.on.keep(servers.on.system.spawn(pulls, &servers, worker, &all, &failed))) {
    servers.view(1, {0});
  }
  std::uint64_t draw(std::uint64_t bound) { return random.below(drawn++, bound); }
  void round(std::uint64_t number, std::uint32_t slices = 3) {
    std::vector<std::uint32_t> order = {0, 1, 2};
    std::swap(order[0], order[draw(3)]);
    std::swap(order[1], order[1 + draw(2)]);
    for (const std::uint32_t slice : order) {
      if (slice < slices) caf::anon_send(servers.at(slice), servers.commit({0, slice, number}));
      servers.on.run(draw(4));
    }
  }

  two_servers servers;
  random_stream random;
  std::uint64_t drawn = 0;
  std::vector<brought> all;
  std::vector<std::string> failed;
  pulling_actor puller;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(center_pullers)

BOOST_AUTO_TEST_CASE(what_nobody_in_particular_pulls_is_of_one_round) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    scene s("synchronous", schema::Pull::NOBODY, seed);
    std::size_t pulls = 0;
    for (std::uint64_t number = 1; number <= 120; ++number) {
      if (s.all.size() == pulls && s.draw(2) == 0) {
        caf::anon_send(s.puller, tick_atom::value);
        ++pulls;
      }
      s.round(number);
    }
    s.servers.on.drain();
    BOOST_TEST(s.all.size() == pulls);
    BOOST_TEST(s.failed.empty());
    BOOST_TEST(pulls > 5u);
    std::uint64_t last = 0;
    for (const brought& b : s.all) {
      BOOST_TEST(b.whole());
      for (std::size_t i = 0; i < 3; ++i) {
        BOOST_TEST(b.numbers[i] == static_cast<float>(b.versions[i]));
      }
      BOOST_TEST(b.versions[0] >= last);
      last = b.versions[0];
    }
  }
}

BOOST_AUTO_TEST_CASE(a_worker_and_other_consistencies_take_what_is_there) {
  for (const char* consistency : {"synchronous", "{name: bounded, staleness: 2}"}) {
    const bool rounds = std::string(consistency) == "synchronous";
    scene s(consistency, rounds ? 1 : schema::Pull::NOBODY, 1);
    s.round(1, 1);  // of slice 0 alone
    caf::anon_send(s.puller, tick_atom::value);
    s.servers.on.drain();
    BOOST_TEST_REQUIRE(s.all.size() == 1u);
    BOOST_TEST((s.all[0].versions == std::vector<std::uint64_t>{1, 0, 0}));
  }
}

BOOST_AUTO_TEST_CASE(a_round_that_will_not_come_everywhere_is_not_waited_for) {
  for (const bool asked_before : {false, true}) {
    scene s("synchronous", schema::Pull::NOBODY, 1);
    s.round(1);
    s.round(2, 2);  // and never in the last slice
    s.servers.on.drain();
    if (asked_before) {
      caf::anon_send(s.puller, tick_atom::value);
      s.servers.on.drain();
      BOOST_TEST(s.all.empty());
    }
    s.servers.view(2, {});
    if (!asked_before) caf::anon_send(s.puller, tick_atom::value);
    s.servers.on.drain();
    BOOST_TEST_REQUIRE(s.all.size() == 1u);
    BOOST_TEST((s.all[0].versions == std::vector<std::uint64_t>{2, 2, 1}));
    BOOST_TEST((s.all[0].numbers == std::vector<float>{2, 2, 1}));
  }
}

BOOST_AUTO_TEST_SUITE_END()
