#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "optimizers/conversation.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const protocol_entry& elastic(const char* name = "aeasgd") {
  static const registry<protocol_entry> known = builtin_protocols();
  return known.at(name, "", "protocol");
}

void flat(span<const float>, span<float> g) {
  std::fill(g.begin(), g.end(), 0.0f);
}

/// The sum over workers of x, and the centre: what an exchange must not change.
double total(const conversation& talk, std::size_t workers) {
  double sum = 0;
  for (const float c : talk.center()) sum += static_cast<double>(c);
  for (std::size_t k = 0; k < workers; ++k) {
    for (const float x : talk.x(k)) sum += static_cast<double>(x);
  }
  return sum;
}

std::vector<float> random_start(std::size_t count, std::uint64_t seed) {
  const random_stream stream(seed, random_purpose::test);
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(2 * stream.uniform(i) - 1);
  return out;
}

/// n workers whose replicas lie d away from the centre exchange with it at once, again and again;
/// what is left of d after each round.
std::vector<double> rounds(std::uint32_t n, const settings& options, int count,
                           const protocol_entry& entry = elastic()) {
  const protocol_setup setup = setup_for(entry, n, 1, options);
  const slice_range range{0, 0, 1};
  const auto server = entry.make_server(setup, range);
  const auto worker = entry.make_worker(setup);
  std::vector<float> center{0.0f}, next{0.0f}, x(n, 1.0f);
  std::vector<double> left;
  for (int t = 0; t < count; ++t) {
    const std::vector<float> sent = x;
    std::vector<commit_view> commits(n);
    for (std::uint32_t k = 0; k < n; ++k) commits[k].payload = {sent.data() + k, 1};
    std::size_t culprit = 0;
    BOOST_TEST(server->apply_round(commits, center, next, culprit));
    for (std::uint32_t k = 0; k < n; ++k) {
      worker->on_center(range, {sent.data() + k, 1}, center, {x.data() + k, 1});
    }
    center = next;
    left.push_back(static_cast<double>(x[0]) - static_cast<double>(center[0]));
  }
  return left;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(elastic_averaging)

BOOST_AUTO_TEST_CASE(both_sides_move_as_the_equations_say) {
  const float alpha = 0.3f;
  conversation talk(elastic(), setup_for(elastic(), 3, 1, {{"alpha", 0.3}}), {1, -2, 4}, 16);
  // The same in double, from the paper's equations.
  std::vector<double> c{1, -2, 4};
  std::vector<std::vector<double>> x(3, c);
  for (int turn = 0; turn < 30; ++turn) {
    const auto k = static_cast<std::size_t>(turn * 7 % 3);
    talk.step(k, bowl);
    for (double& v : x[k]) v -= static_cast<double>(0.1f) * v;
    talk.commit(k);
    for (std::size_t i = 0; i < c.size(); ++i) {
      const double pull = static_cast<double>(alpha) * (x[k][i] - c[i]);
      x[k][i] -= pull;
      c[i] += pull;
      BOOST_TEST(std::abs(static_cast<double>(talk.x(k)[i]) - x[k][i]) < 1e-6);
      BOOST_TEST(std::abs(static_cast<double>(talk.center()[i]) - c[i]) < 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_sum_of_replicas_and_centre_is_conserved) {
  conversation talk(elastic(), setup_for(elastic(), 3, 1), random_start(50, 1), 16);
  for (std::size_t k = 0; k < 3; ++k) {
    for (int i = 0; i < 5 + static_cast<int>(k); ++i) talk.step(k, bowl);
  }
  const double before = total(talk, 3);
  const random_stream turns(2, random_purpose::test);
  for (std::uint64_t t = 0; t < 60; ++t) {
    const auto k = static_cast<std::size_t>(turns.below(t, 3));
    talk.step(k, flat);
    talk.send(k);
    for (std::size_t s = 0; s < talk.slices(); ++s) talk.deliver(k, s);
    for (std::size_t s = 0; s < talk.slices(); ++s) talk.receive(k, s);
    BOOST_TEST(std::abs(total(talk, 3) - before) < 1e-4);
  }
  // They have come together, so there was something to conserve.
  BOOST_TEST(std::abs(talk.x(0)[0] - talk.center()[0]) < 1e-3f);
}

BOOST_AUTO_TEST_CASE(a_repeat_leaves_the_replica_alone) {
  conversation talk(elastic(), setup_for(elastic(), 2, 1), {1.0f}, 16);
  talk.step(0, bowl);
  talk.send(0);
  talk.deliver(0, 0);
  const float center = talk.center()[0], x = talk.x(0)[0];
  talk.deliver(0, 0);
  talk.receive(0, 0);
  BOOST_TEST(talk.center()[0] == center);
  BOOST_TEST(talk.x(0)[0] == x);
  // The next exchange is an ordinary one.
  talk.commit(0);
  BOOST_TEST(std::abs(talk.x(0)[0] + talk.center()[0] - (x + center)) < 1e-6f);
  BOOST_TEST(talk.x(0)[0] != x);
}

BOOST_AUTO_TEST_CASE(in_a_round_all_meet_the_same_centre) {
  // d <- (1 - (n + 1) alpha) d: marginal, unstable, and stable for every n at 0.9 / n.
  for (const double d : rounds(3, {{"alpha", 0.5}}, 50)) BOOST_TEST(std::abs(d) == 1.0);
  const std::vector<double> apart = rounds(4, {{"alpha", 0.5}}, 8);
  for (std::size_t t = 0; t < apart.size(); ++t) {
    BOOST_TEST(std::abs(apart[t] - std::pow(-1.5, static_cast<double>(t + 1))) < 1e-4);
  }
  for (const std::uint32_t n : {1u, 2u, 3u, 4u, 8u, 16u, 64u}) {
    const double alpha = 0.9 / n;
    const std::vector<double> left = rounds(n, {{"alpha", alpha}}, 40);
    BOOST_TEST(std::abs(left[0] - (1 - (n + 1) * alpha)) < 1e-5);
    BOOST_TEST(std::abs(left.back()) < 1e-3);
    BOOST_TEST(std::abs(rounds(n, {}, 40).back()) < 1e-3);  // the default
  }
}

BOOST_AUTO_TEST_CASE(easgd_in_lock_step_follows_its_closed_form) {
  const protocol_entry& easgd = elastic("easgd");
  for (std::uint32_t n = 1; n <= 16; ++n) {
    BOOST_TEST_CONTEXT(n << " workers") {
      // alpha = 0.9 / n: stable for every n.
      const double factor = 1 - (n + 1) * 0.9 / n;
      const std::vector<double> left = rounds(n, {}, 40, easgd);
      for (std::size_t t = 0; t < left.size(); ++t) {
        BOOST_TEST(std::abs(left[t] - std::pow(factor, static_cast<double>(t + 1))) < 2e-6);
      }
      BOOST_TEST(std::abs(left.back()) < 1e-3);
      // alpha = 0.5, the common choice: from 4 workers on it diverges.
      const double apart = std::abs(rounds(n, {{"alpha", 0.5}}, 30, easgd).back());
      if (n < 3) BOOST_TEST(apart < 1e-3);
      if (n == 3) BOOST_TEST(apart == 1.0);
      if (n > 3) BOOST_TEST(apart > std::pow(1.4, 30));
    }
  }
}

BOOST_AUTO_TEST_CASE(eamsgd_looks_ahead) {
  // The gradient is taken at x + mu v, whatever x is after an exchange; v survives it.
  const protocol_entry& entry = elastic("eamsgd");
  BOOST_TEST((entry.rule == rule_place::none));
  const settings options{{"learning_rate", 0.5}, {"momentum", 0.5}, {"alpha", 0.5}};
  conversation talk(entry, setup_for(entry, 1, 1, options), {1, 2}, 16);
  std::vector<float> at;
  const auto slope = [&](span<const float> x, span<float> g) {
    at.assign(x.begin(), x.end());
    g[0] = 1;
    g[1] = -1;
  };
  BOOST_TEST((talk.step(0, slope) == intent::commit));
  BOOST_TEST((at == std::vector<float>{1, 2}));
  BOOST_TEST((talk.x(0) == std::vector<float>{0.5f, 2.5f}));  // v = (-0.5, 0.5)
  talk.commit(0);
  BOOST_TEST((talk.x(0) == std::vector<float>{0.75f, 2.25f}));
  talk.step(0, slope);
  BOOST_TEST((at == std::vector<float>{0.5f, 2.5f}));
  BOOST_TEST((talk.x(0) == std::vector<float>{0, 3}));  // v = (-0.75, 0.75)
}

BOOST_AUTO_TEST_CASE(in_turn_any_share_up_to_one_is_stable) {
  for (const double alpha : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    conversation talk(elastic(), setup_for(elastic(), 8, 1, {{"alpha", alpha}}), {1.0f}, 16);
    for (std::size_t t = 0; t < 400; ++t) {
      talk.step(t % 8, bowl);
      talk.commit(t % 8);
    }
    BOOST_TEST(std::abs(talk.x(0)[0]) < 0.5f);
    BOOST_TEST(std::abs(talk.center()[0]) <= 1.0f);
  }
}

BOOST_AUTO_TEST_SUITE_END()
