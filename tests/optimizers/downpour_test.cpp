#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "optimizers/conversation.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const protocol_entry& downpour() {
  static const registry<protocol_entry> known = builtin_protocols();
  return known.at("downpour", "", "protocol");
}

constexpr auto none = intent::none, commit = intent::commit, push = intent::push,
               fetch = intent::fetch;

settings windows(std::int64_t fetch_window, std::int64_t push_window) {
  return {{"fetch_window", fetch_window}, {"push_window", push_window}};
}

/// So many steps of worker k on x^2 / 2 at rate 0.1; what it wanted after each is done.
std::vector<intent> train(conversation& talk, std::size_t k, int steps) {
  std::vector<intent> wanted;
  for (int i = 0; i < steps; ++i) {
    wanted.push_back(talk.step(k, bowl));
    talk.follow(k, wanted.back());
  }
  return wanted;
}

bool close_to(float got, double expected) {
  return std::abs(got - expected) < 1e-6;
}

protocol_setup with_server_rule(const rule_spec& rule) {
  protocol_setup setup = setup_for(downpour(), 2, 2);
  setup.server_rule = rule;
  return setup;
}

commit_view of(const std::vector<float>& payload, std::uint64_t rows = 1) {
  commit_view view;
  view.payload = {payload.data(), payload.size()};
  view.rows = rows;
  return view;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(downpour_options)

BOOST_AUTO_TEST_CASE(pushing_more_often_than_fetching) {
  conversation talk(downpour(), setup_for(downpour(), 2, 5, windows(4, 2)), {1.0f}, 16);
  // Two steps from 1: x = 0.81, D = -0.19; each pushes it, and goes on from where it is.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, push}));
  BOOST_TEST(close_to(talk.center()[0], 0.81));
  BOOST_TEST((train(talk, 1, 2) == std::vector<intent>{none, push}));
  BOOST_TEST(close_to(talk.center()[0], 0.62));
  BOOST_TEST(close_to(talk.x(0)[0], 0.81));
  // Two more: x = 0.6561, D = 0.6561 - 0.81 = -0.1539, and it starts from the centre.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, commit}));
  BOOST_TEST(close_to(talk.center()[0], 0.4661));
  BOOST_TEST(close_to(talk.x(0)[0], 0.4661));
  BOOST_TEST((train(talk, 1, 2) == std::vector<intent>{none, commit}));
  BOOST_TEST(close_to(talk.center()[0], 0.3122));
  BOOST_TEST(close_to(talk.x(1)[0], 0.3122));
  // From 0.4661: x = 0.377541, D = -0.088559.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, push}));
  BOOST_TEST(close_to(talk.center()[0], 0.223641));
  BOOST_TEST(close_to(talk.x(0)[0], 0.377541));
}

BOOST_AUTO_TEST_CASE(fetching_more_often_than_pushing) {
  conversation talk(downpour(), setup_for(downpour(), 2, 5, windows(2, 4)), {1.0f}, 16);
  // The centre is 1 still, so a fetch leaves x = 1 - 0.19.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, fetch}));
  BOOST_TEST(close_to(talk.x(0)[0], 0.81));
  BOOST_TEST((train(talk, 1, 2) == std::vector<intent>{none, fetch}));
  BOOST_TEST(talk.center()[0] == 1.0f);
  // D = 0.6561 - 1 = -0.3439 from each.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, commit}));
  BOOST_TEST(close_to(talk.x(0)[0], 0.6561));
  BOOST_TEST((train(talk, 1, 2) == std::vector<intent>{none, commit}));
  BOOST_TEST(close_to(talk.center()[0], 0.3122));
  // From 0.6561: 0.531441, so -0.124659 is not pushed when c = 0.3122 comes: x = 0.187541.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, fetch}));
  BOOST_TEST(close_to(talk.x(0)[0], 0.187541));
  // 0.81 x 0.187541 = 0.15190821; D is -0.124659 - 0.03563279 = 0.15190821 - 0.3122.
  BOOST_TEST((train(talk, 0, 2) == std::vector<intent>{none, commit}));
  BOOST_TEST(close_to(talk.center()[0], 0.15190821));
}

BOOST_AUTO_TEST_CASE(windows_need_not_divide_each_other) {
  conversation talk(downpour(), setup_for(downpour(), 1, 5, windows(3, 2)), {1.0f}, 16);
  const std::vector<intent> cycle{none, push, fetch, push, none, commit};
  BOOST_TEST((train(talk, 0, 6) == cycle));
  BOOST_TEST((train(talk, 0, 6) == cycle));
  // Alone it is plain training, whatever travels when.
  BOOST_TEST(close_to(talk.x(0)[0], std::pow(0.9, 12)));
  BOOST_TEST(close_to(talk.center()[0], std::pow(0.9, 12)));
}

BOOST_AUTO_TEST_CASE(one_option_leaves_the_other_at_the_communication_window) {
  conversation rare(downpour(), setup_for(downpour(), 1, 2, {{"fetch_window", 4}}), {1.0f}, 16);
  BOOST_TEST((train(rare, 0, 4) == std::vector<intent>{none, push, none, commit}));
  conversation often(downpour(), setup_for(downpour(), 1, 2, {{"fetch_window", 1}}), {1.0f}, 16);
  BOOST_TEST((train(often, 0, 4) == std::vector<intent>{fetch, commit, fetch, commit}));
}

BOOST_AUTO_TEST_CASE(a_window_cut_short_starts_both_counts_anew) {
  conversation talk(downpour(), setup_for(downpour(), 1, 5, windows(4, 2)), {1.0f}, 16);
  train(talk, 0, 3);
  BOOST_TEST((downpour().make_worker(setup_for(downpour(), 1, 5))->closing() == commit));
  talk.commit(0);  // rows ran out
  BOOST_TEST(close_to(talk.center()[0], 0.729));
  BOOST_TEST((train(talk, 0, 4) == std::vector<intent>{none, push, none, commit}));
}

BOOST_AUTO_TEST_CASE(deans_adagrad_on_the_server) {
  // c <- c + gamma D / sqrt(sum of D^2), gamma = 0.1. 1: D = -0.19: one whole gamma down.
  // 2: D = -0.19 again: 0.1 / sqrt(2) down. 3: D = -0.19 x 0.9, the sum is 0.1014410.
  const rule_spec adagrad = rule_of("adagrad", {{"learning_rate", 0.1}, {"accumulator", 0.0}});
  conversation talk(downpour(), with_server_rule(adagrad), {1.0f}, 16);
  const double expected[] = {0.9, 0.8292893218813, 0.7755998231169, 0.7312580041246};
  for (std::size_t i = 0; i < 4; ++i) {
    train(talk, i % 2, 2);
    BOOST_TEST(close_to(talk.center()[0], expected[i]));
    BOOST_TEST(talk.x(i % 2)[0] == talk.center()[0]);
  }
  // In a round: the same two steps, from the same two differences.
  protocol_setup setup = with_server_rule(adagrad);
  setup.synchronous = true;
  conversation rounds(downpour(), setup, {1.0f}, 16);
  for (const std::size_t k : {0, 1}) {
    for (int i = 0; i < 2; ++i) rounds.step(k, bowl);
  }
  rounds.round({0, 1});
  BOOST_TEST(close_to(rounds.center()[0], expected[1]));
}

BOOST_AUTO_TEST_CASE(sgd_at_rate_one_on_the_server_is_adding) {
  conversation ruled(downpour(), with_server_rule(rule_of("sgd", {{"learning_rate", 1.0}})), {1.0f},
                     16);
  conversation plain(downpour(), setup_for(downpour(), 2, 2), {1.0f}, 16);
  for (std::size_t i = 0; i < 10; ++i) {
    train(ruled, i % 2, 2);
    train(plain, i % 2, 2);
    BOOST_TEST(close_to(ruled.center()[0], plain.center()[0]));
  }
}

BOOST_AUTO_TEST_CASE(a_server_rule_follows_its_schedule) {
  // Rate 1, falling in a line to 0: at a quarter of the run a difference counts 0.75.
  const rule_spec rule = rule_of(
      "sgd", {{"learning_rate", 1.0}, {"schedule", std::string("linear")}, {"schedule_end", 0.0}});
  const auto server = downpour().make_server(with_server_rule(rule), {0, 0, 1});
  const std::vector<float> center{1.0f}, d{-0.4f};
  std::vector<float> next(1);
  commit_view view = of(d);
  view.fraction = 0.25;
  BOOST_TEST(server->apply(view, center, next));
  BOOST_TEST(close_to(next[0], 0.7));
}

BOOST_AUTO_TEST_CASE(what_a_server_rule_refuses_leaves_no_trace) {
  const rule_spec momentum = rule_of("momentum", {{"learning_rate", 1.0}, {"momentum", 0.5}});
  const auto tried = downpour().make_server(with_server_rule(momentum), {0, 0, 2});
  const auto spared = downpour().make_server(with_server_rule(momentum), {0, 0, 2});
  const std::vector<float> center{1, 1}, good{-0.5f, 0.25f}, more{1, 2},
      bad{0, std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> a(2), b(2);
  std::size_t culprit = 9;
  const std::vector<commit_view> spoilt{of(good), of(more), of(bad)}, round{of(good), of(more)};
  BOOST_TEST(!tried->apply(of(bad), center, a));
  BOOST_TEST(!tried->apply_round(spoilt, center, a, culprit));
  BOOST_TEST(culprit == 2u);
  BOOST_TEST(tried->apply_round(round, center, a, culprit));
  BOOST_TEST(spared->apply_round(round, center, b, culprit));
  BOOST_TEST((a == b));
  // v = -0.5, x = 0.5; v = -0.25 + 1, x = 1.25. And v = 0.25, 1.25; v = 0.125 + 2, 3.375.
  BOOST_TEST((a == std::vector<float>{1.25f, 3.375f}));
  // An idle worker's commit does not let the momentum run on; nor does it matter where next lies.
  const std::vector<float> zeros(2);
  BOOST_TEST(tried->apply(of(zeros, 0), a, a));
  BOOST_TEST((a == b));
}

BOOST_AUTO_TEST_CASE(warm_starts_are_handed_on) {
  const auto warm_up = [](const settings& options) {
    return downpour().warm_up(setup_for(downpour(), 4, 5, options));
  };
  BOOST_TEST(warm_up({}).rows == 0u);
  BOOST_TEST(warm_up({}).seconds == 0.0);
  BOOST_TEST(warm_up({{"warm_start_rows", 5000}}).rows == 5000u);
  BOOST_TEST(warm_up({{"warm_start_seconds", 2.5}}).seconds == 2.5);
}

BOOST_AUTO_TEST_SUITE_END()
