// Servers as actors: who is answered when, and what servers say to each other. What a slice does
// is in center_slice_*_test.cpp.

#include "troupe/actors/parameter_server.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/two_servers.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using kind = schema::Verdict::Kind;

/// What one worker (or whoever else asks) hears.
class listener_on {
 public:
  explicit listener_on(stage& on) : stage_(on), self_(on.system) {}

  template <class Message>
  void send(const parameter_server_actor& to, const Message& message) {
    self_->send(caf::actor_cast<caf::actor>(to), message);
    stage_.drain();
    listen();
  }
  void listen() {
    for (bool more = true; more;) {
      self_->receive(
          [&](const verdict_msg& v, const center_msg& c) {
            verdicts.push_back((*v).getKind());
            reasons.emplace_back((*v).getReason().cStr());
            slices.push_back((*v).getSlice());
            if (!c.empty()) centers.push_back(floats_of((*c).getPayload())[0]);
          },
          [&](const center_msg& c) {
            pulled.push_back(floats_of((*c).getPayload())[0]);
            versions.push_back((*c).getVersion());
          },
          caf::after(std::chrono::seconds(0)) >> [&] { more = false; });
    }
  }
  /// How a request ends; empty: well.
  std::string ask(const parameter_server_actor& to, const pull_msg& message) {
    return outcome<center_msg>(to, message);
  }
  std::string ask(const parameter_server_actor& to, const install_msg& message) {
    return outcome<installed_atom>(to, message);
  }

  std::vector<kind> verdicts;
  std::vector<std::string> reasons;
  std::vector<std::uint32_t> slices;
  std::vector<float> centers, pulled;
  std::vector<std::uint64_t> versions;

 private:
  template <class Answer, class Message>
  std::string outcome(const parameter_server_actor& to, const Message& message) {
    auto answer = self_->request(caf::actor_cast<caf::actor>(to), caf::infinite, message);
    stage_.drain();
    std::string problem;
    answer.receive([](const Answer&) {},
                   [&](const caf::error& e) { problem = text_of(e, stage_.config); });
    return problem;
  }

  stage& stage_;
  caf::scoped_actor self_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(parameter_servers)

BOOST_AUTO_TEST_CASE(late_answers_reach_those_who_wait) {
  for (const char* consistency : {"synchronous", "{name: bounded, staleness: 0}"}) {
    two_servers all(consistency);
    listener_on zero(all.on), one(all.on);
    all.view(1, {0, 1});
    zero.send(all.at(1), all.commit({0, 1, 1, 2}));
    zero.send(all.at(0), all.commit({0, 0, 1, 4}));
    BOOST_TEST((zero.verdicts == std::vector<kind>{kind::HELD, kind::HELD}));
    one.send(all.at(1), all.commit({1, 1, 1, 3}));
    BOOST_TEST((one.verdicts == std::vector<kind>{kind::APPLIED}));
    zero.listen();
    BOOST_TEST((zero.verdicts == std::vector<kind>{kind::HELD, kind::HELD, kind::APPLIED}));
    BOOST_TEST(zero.slices.back() == 1u);  // not the other slice, where it waits still
    BOOST_TEST((zero.centers == std::vector<float>{5}));
    BOOST_TEST((one.centers == std::vector<float>{5}));
    all.view(2, {});
    zero.listen();
    BOOST_TEST(zero.verdicts.size() == 4u);
    BOOST_TEST(zero.slices.back() == 0u);
    one.listen();
    BOOST_TEST(one.verdicts.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_late_answer_goes_to_whoever_asked_last) {
  two_servers all("synchronous");
  listener_on zero(all.on), again(all.on), one(all.on);
  all.view(1, {0, 1});
  zero.send(all.at(0), all.commit({0, 0, 1, 1}));
  again.send(all.at(0), all.commit({0, 0, 1, 1}));
  one.send(all.at(0), all.commit({1, 0, 1, 1}));
  zero.listen();
  again.listen();
  BOOST_TEST(zero.verdicts.size() == 1u);
  BOOST_TEST((again.verdicts == std::vector<kind>{kind::HELD, kind::APPLIED}));
  // The next round: who committed before is not answered for it.
  one.send(all.at(0), all.commit({1, 0, 2, 1}));
  zero.send(all.at(0), all.commit({0, 0, 2, 1}));
  again.listen();
  BOOST_TEST(again.verdicts.size() == 2u);
  one.listen();
  BOOST_TEST((one.verdicts == std::vector<kind>{kind::APPLIED, kind::HELD, kind::APPLIED}));
}

BOOST_AUTO_TEST_CASE(pulls_of_a_round_to_come_wait_for_it) {
  two_servers all("synchronous");
  listener_on zero(all.on), eve(all.on), adam(all.on);
  all.view(1, {0});
  eve.send(all.at(0), all.pull(0, 1));
  eve.send(all.at(1), all.pull(1, 1));
  adam.send(all.at(0), all.pull(0, 2));
  BOOST_TEST(eve.pulled.empty());
  eve.send(all.at(0), all.pull(0, 0));
  BOOST_TEST((eve.pulled == std::vector<float>{0}));
  zero.send(all.at(0), all.commit({0, 0, 1, 5}));
  eve.listen();
  adam.listen();
  BOOST_TEST((eve.pulled == std::vector<float>{0, 5}));
  BOOST_TEST(adam.pulled.empty());
  zero.send(all.at(0), all.commit({0, 0, 2, 5}));
  zero.send(all.at(1), all.commit({0, 1, 1, 7}));
  eve.listen();
  adam.listen();
  BOOST_TEST((eve.pulled == std::vector<float>{0, 5, 7}));
  BOOST_TEST((adam.pulled == std::vector<float>{10}));
  eve.send(all.at(0), all.pull(0, 1));  // the round before is still there
  BOOST_TEST(eve.pulled.back() == 5.0f);
  BOOST_TEST(eve.versions.back() == 1u);
  // When nobody takes part any more, no round is waited for.
  adam.send(all.at(1), all.pull(1, 2));
  adam.send(all.at(2), all.pull(2, 2));
  BOOST_TEST(adam.pulled.size() == 1u);
  all.view(2, {});
  adam.listen();
  BOOST_TEST((adam.pulled == std::vector<float>{10, 7, 0}));
}

BOOST_AUTO_TEST_CASE(one_server_closes_rounds_for_all) {
  for (const bool news_first : {false, true}) {
    two_servers all("{name: synchronous, backup_workers: 1}");
    all.introduce();
    all.view(1, {0, 1, 2});
    std::vector<std::unique_ptr<listener_on>> of;
    for (int w = 0; w < 3; ++w) of.push_back(std::make_unique<listener_on>(all.on));
    const auto send = [&](std::uint32_t w, std::uint32_t slice) {
      of[w]->send(all.at(slice), all.commit({w, slice, 1, 1.0f + static_cast<float>(w)}));
    };
    if (!news_first) {
      for (const std::uint32_t slice : {1u, 2u}) {
        for (const std::uint32_t w : {0u, 1u, 2u}) send(w, slice);
      }
      for (const auto& w : of) {
        BOOST_TEST((w->verdicts == std::vector<kind>{kind::HELD, kind::HELD}));
      }
    }
    send(2, 0);
    send(1, 0);
    if (news_first) {
      for (const std::uint32_t slice : {2u, 1u}) {
        for (const std::uint32_t w : {2u, 0u, 1u}) send(w, slice);
      }
    }
    send(0, 0);
    for (const auto& w : of) w->listen();
    for (std::uint32_t w = 0; w < 3; ++w) {
      const auto& got = of[w]->verdicts;
      const kind end = w == 0 ? kind::DROPPED : kind::APPLIED;
      BOOST_TEST(std::count(got.begin(), got.end(), end) == 3);
      BOOST_TEST(std::count(got.begin(), got.end(), kind::HELD) + 3 ==
                 static_cast<std::ptrdiff_t>(got.size()));
      for (const float center : of[w]->centers) {
        BOOST_TEST((center == 5.0f || (w == 0 && center == 0.0f)));
      }
    }
    listener_on eve(all.on);
    for (const std::uint32_t slice : {0u, 1u, 2u}) eve.send(all.at(slice), all.pull(slice, 1));
    BOOST_TEST((eve.pulled == std::vector<float>{5, 5, 5}));
  }
}

BOOST_AUTO_TEST_CASE(a_close_or_a_view_of_another_run_is_nothing) {
  two_servers all("{name: synchronous, backup_workers: 1}");
  all.view(1, {0, 1});
  all.view(9, {}, all.plan->run + 1);
  listener_on zero(all.on), one(all.on);
  zero.send(all.at(2), all.commit({0, 2, 1, 1}));
  BOOST_TEST((zero.verdicts == std::vector<kind>{kind::HELD}));
  for (const std::uint64_t run : {all.plan->run + 1, all.plan->run}) {
    wire_builder<schema::Close> close;
    close->setRun(run);
    close->setClock(1);
    close->setView(1);
    close->initAccepted(1).set(0, 0);
    caf::anon_send(all.servers[1], std::move(close).finish());
    all.on.drain();
    zero.listen();
    BOOST_TEST(zero.verdicts.size() == (run == all.plan->run ? 2u : 1u));
  }
  // The one that decides is told nothing.
  one.send(all.at(0), all.commit({1, 0, 1, 1}));
  wire_builder<schema::Close> close;
  close->setRun(all.plan->run);
  close->setClock(2);
  close->setView(1);
  close->initAccepted(1).set(0, 0);
  caf::anon_send(all.servers[0], std::move(close).finish());
  all.on.drain();
  zero.send(all.at(0), all.commit({0, 0, 2, 1}));
  BOOST_TEST((zero.verdicts.back() == kind::APPLIED));
}

BOOST_AUTO_TEST_CASE(a_close_waits_for_the_view_it_was_decided_under) {
  two_servers all("{name: synchronous, backup_workers: 1}");
  all.view(1, {0, 1});
  listener_on zero(all.on), two(all.on);
  zero.send(all.at(2), all.commit({0, 2, 1, 1, 1}));
  two.send(all.at(2), all.commit({2, 2, 1, 2, 2}));
  wire_builder<schema::Close> close;
  close->setRun(all.plan->run);
  close->setClock(1);
  close->setView(2);
  auto accepted = close->initAccepted(2);
  accepted.set(0, 0);
  accepted.set(1, 2);
  caf::anon_send(all.servers[1], std::move(close).finish());
  all.on.drain();
  zero.listen();
  BOOST_TEST((zero.verdicts == std::vector<kind>{kind::HELD}));
  all.view(2, {0, 1, 2});
  zero.listen();
  two.listen();
  BOOST_TEST((zero.verdicts.back() == kind::APPLIED));
  BOOST_TEST((two.verdicts.back() == kind::APPLIED));
  BOOST_TEST((two.centers == std::vector<float>{3}));
}

BOOST_AUTO_TEST_CASE(older_views_change_nothing) {
  two_servers all("synchronous");
  all.view(3, {0});
  all.view(2, {0, 1});
  all.view(3, {0, 1});
  listener_on zero(all.on);
  zero.send(all.at(0), all.commit({0, 0, 1, 1, 3}));
  BOOST_TEST((zero.verdicts == std::vector<kind>{kind::APPLIED}));
  zero.send(all.at(0), all.commit({0, 0, 2, 1, 4}));
  BOOST_TEST((zero.verdicts.back() == kind::HELD));
  all.view(4, {0});
  zero.listen();
  BOOST_TEST((zero.verdicts.back() == kind::APPLIED));
  // A slice that is installed later knows the view, too.
  caf::anon_send(all.servers[1], all.install(1, all.plan->run, 16));
  all.on.drain();
  zero.send(all.servers[1], all.commit({0, 1, 1, 1, 4}));
  BOOST_TEST((zero.verdicts.back() == kind::APPLIED));
}

BOOST_AUTO_TEST_CASE(what_does_not_belong_here_is_refused) {
  two_servers all("asynchronous");
  listener_on zero(all.on);
  const auto refused = [&](const commit_msg& message) {
    zero.send(all.servers[0], message);
    return zero.verdicts.back() == kind::REFUSED && !zero.reasons.back().empty();
  };
  BOOST_TEST(refused(all.commit({0, 0, 1, 1}, all.plan->run + 1)));
  BOOST_TEST(refused(all.commit({3, 0, 1, 1})));
  BOOST_TEST(refused(all.commit({0, 2, 1, 1})));
  BOOST_TEST(refused(all.commit({0, 3, 1, 1})));
  BOOST_TEST(refused(commit_msg()));
  BOOST_TEST(!refused(all.commit({0, 0, 1, 1})));

  const auto& server = all.servers[0];
  BOOST_TEST(zero.ask(server, all.pull(0, 0)) == "");
  BOOST_TEST(zero.ask(server, all.pull(0, 77)) == "");  // versions are no rounds here
  BOOST_TEST(zero.ask(server, all.pull(0, 0, 0, 2)) == "");
  BOOST_TEST(zero.ask(server, all.pull(0, 0, 0, 3)) != "");
  BOOST_TEST(zero.ask(server, all.pull(2, 0)) != "");
  BOOST_TEST(zero.ask(server, all.pull(9, 0)) != "");
  BOOST_TEST(zero.ask(server, all.pull(0, 0, all.plan->run + 1)) != "");
  BOOST_TEST(zero.ask(server, pull_msg()) != "");
  BOOST_TEST(zero.ask(server, all.install(0, all.plan->run + 1, 16)) != "");
  BOOST_TEST(zero.ask(server, all.install(3, all.plan->run, 16)) != "");
  BOOST_TEST(zero.ask(server, all.install(0, all.plan->run, 15)) != "");
  // It goes on all the same.
  zero.send(server, all.commit({0, 0, 2, 1}));
  BOOST_TEST((zero.verdicts.back() == kind::APPLIED));
  BOOST_TEST(zero.centers.back() == 2.0f);
}

BOOST_AUTO_TEST_SUITE_END()
