#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "optimizers/conversation.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const protocol_entry& sync_sgd() {
  static const registry<protocol_entry> known = builtin_protocols();
  return known.at("sync_sgd", "", "protocol");
}

constexpr std::size_t parameters = 40;

/// Row r of some data set: the gradient of its loss at x_i is x_i - target(r, i).
float target(std::uint64_t row, std::size_t i) {
  const random_stream stream(7, random_purpose::test);
  return 2 * stream.uniform(row * parameters + i) - 1;
}

/// The mean gradient of rows [first, first + rows).
conversation::gradient_of mean_of(std::uint64_t first, std::uint64_t rows) {
  return [first, rows](span<const float> x, span<float> g) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      double sum = 0;
      for (std::uint64_t r = first; r < first + rows; ++r) {
        sum += static_cast<double>(x[i] - target(r, i));
      }
      g[i] = static_cast<float>(sum / static_cast<double>(rows));
    }
  };
}

commit_view of(const std::vector<float>& payload, std::uint64_t rows, double fraction) {
  commit_view view;
  view.payload = {payload.data(), payload.size()};
  view.rows = rows;
  view.fraction = fraction;
  return view;
}

protocol_setup with_rule(const std::string& name, const settings& options,
                         std::uint32_t workers = 2) {
  protocol_setup setup = setup_for(sync_sgd(), workers, 1);
  setup.rule = rule_of(name, options);
  return setup;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(synchronous_gradients)

BOOST_AUTO_TEST_CASE(workers_with_shares_are_one_worker_with_a_larger_batch) {
  // Rounds of 12 rows for three workers: equal shares, unequal ones, one cut into two mini-batches,
  // and one of nothing.
  const std::vector<std::vector<std::vector<std::uint64_t>>> rounds{
      {{4}, {4}, {4}}, {{7}, {1}, {4}}, {{4, 3}, {4}, {1}}, {{4, 4, 1}, {}, {3}}};
  for (const char* rule : {"sgd", "momentum", "adam"}) {
    BOOST_TEST_CONTEXT(rule) {
      const settings rate{{"learning_rate", 0.01}};
      conversation talk(sync_sgd(), with_rule(rule, rate, 3), std::vector<float>(parameters, 1.0f),
                        16);
      const auto alone = make_rule(rule_of(rule, rate), parameters);
      std::vector<float> x(parameters, 1.0f), g(parameters);
      std::uint64_t row = 0;
      for (int t = 0; t < 50; ++t) {
        mean_of(row, 12)(x, g);
        alone->step(x, g, 0);
        const auto& shares = rounds[static_cast<std::size_t>(t) % rounds.size()];
        for (std::size_t k = 0; k < 3; ++k) {
          for (const std::uint64_t rows : shares[k]) {
            talk.step(k, mean_of(row, rows), rows);
            row += rows;
          }
        }
        talk.round({0, 1, 2});
        double apart = 0;
        for (std::size_t i = 0; i < parameters; ++i) {
          apart = std::max(apart, std::abs(static_cast<double>(talk.center()[i] - x[i])));
        }
        BOOST_TEST(apart < 2e-5);
        for (std::size_t k = 0; k < 3; ++k) BOOST_TEST((talk.x(k) == talk.center()));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_worker_does_not_move_between_mini_batches) {
  conversation talk(sync_sgd(), with_rule("sgd", {{"learning_rate", 0.5}}), {1.0f}, 16);
  BOOST_TEST((talk.step(0, bowl, 4) == intent::commit));
  talk.step(0, bowl, 2);
  BOOST_TEST(talk.x(0)[0] == 1.0f);
  talk.round({0});
  BOOST_TEST(talk.x(0)[0] == 0.5f);
}

BOOST_AUTO_TEST_CASE(the_rules_state_lives_on_the_server) {
  // Momentum 0.5 at rate 0.1: v = -0.1, c = 0.9; g = 0.9, v = -0.05 - 0.09, c = 0.76. A round
  // without rows in between moves neither.
  conversation talk(sync_sgd(), with_rule("momentum", {{"learning_rate", 0.1}, {"momentum", 0.5}}),
                    {1.0f}, 16);
  talk.step(0, bowl);
  talk.round({0, 1});
  BOOST_TEST(std::abs(talk.center()[0] - 0.9) < 1e-6);
  talk.round({0, 1});
  BOOST_TEST(std::abs(talk.center()[0] - 0.9) < 1e-6);
  talk.step(1, bowl);
  talk.round({0, 1});
  BOOST_TEST(std::abs(talk.center()[0] - 0.76) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_round_stands_where_its_earliest_rows_do) {
  // Rate 0.1, falling in a line to 0: at a quarter of the run 0.075.
  const settings options{
      {"learning_rate", 0.1}, {"schedule", std::string("linear")}, {"schedule_end", 0.0}};
  const auto server = sync_sgd().make_server(with_rule("sgd", options), {0, 0, 1});
  const std::vector<float> center{1.0f}, g{1.0f}, idle{0.0f};
  const std::vector<commit_view> round{of(idle, 0, 0), of(g, 1, 0.5), of(g, 1, 0.25)};
  std::vector<float> next(1);
  std::size_t culprit = 9;
  BOOST_TEST(server->apply_round(round, center, next, culprit));
  BOOST_TEST(std::abs(next[0] - 0.925) < 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()
