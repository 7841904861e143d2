// Workers and parameter servers that join while a run trains: they get their share, and may be lost
// like any other.

#include <boost/test/unit_test.hpp>

#include "actors/loss_choices.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

struct open_run : whole_run {
  explicit open_run(const choice& c, std::uint32_t replicas = 0, checkpoint_ptr from = nullptr)
      : whole_run(
            job_of(c), two_classes(loss_rows),
            [=](run_plan& plan) {
              plan.of.cluster.emplace();
              plan.of.cluster->replicas = replicas;
            },
            true, std::move(from)) {}

  std::size_t count(const std::string& name) const {
    return static_cast<std::size_t>(
        std::count_if(heard.events.begin(), heard.events.end(),
                      [&](const run_event& e) { return e.name == name; }));
  }
};

bool draws_alike(const choice& c) {
  return c.rebalance == std::string("true") || std::string(c.consistency).find("sync") == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(joins)

BOOST_AUTO_TEST_CASE(those_who_join_get_their_share) {
  for (const choice& c : choices) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        const random_stream draws(seed, random_purpose::test);
        open_run run(c, seed % 2);
        run.shuffle(seed);
        run.start();
        run.where().run(draws.below(0, 500));
        run.join(3, 2);
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(run.count("parameter_server_joined") == 1u);
        BOOST_TEST(run.count("went_back") == 0u);
        BOOST_TEST(run.count("worker_joined") == (draws_alike(c) ? 4u : 3u));
        if (std::string(c.consistency).find("backup_workers") == std::string::npos) {
          BOOST_TEST(outcome->summary["rows_repeated"] == 0);
        }
        if (!draws_alike(c)) continue;
        const auto& workers = outcome->summary["per_worker"];
        BOOST_TEST_REQUIRE(workers.size() == 4u);
        BOOST_TEST(workers[3]["rows"].get<std::uint64_t>() > loss_rows * loss_epochs / 16);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(those_who_join_may_be_lost_like_any_other) {
  for (const choice& c : choices) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        const random_stream draws(seed, random_purpose::test);
        std::uint64_t at = 0;
        open_run run(c, seed % 2);
        run.shuffle(seed);
        run.keep_every(80);
        run.start();
        run.where().run(draws.below(at++, 300));
        run.join(3, 2);
        for (int kills = 0; kills < 4; ++kills) {
          run.where().run(draws.below(at++, 500));
          const auto number = static_cast<std::uint32_t>(draws.below(at++, 4));
          if (draws.below(at++, 2) == 0) {
            kill(run.cast().workers[number]);
          } else {
            kill(run.cast().servers[number % 3]);
          }
        }
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.7);
        // Without those who joined.
        if (run.kept.empty()) continue;
        open_run next(c, seed % 2, run.kept[draws.below(at++, run.kept.size())]);
        next.shuffle(seed);
        const outcome_ptr end = next.finish();
        BOOST_TEST_REQUIRE(end);
        check_rows(*end);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_may_come_in_any_order) {
  open_run run(choices[0]);
  run.start();
  run.where().run(200);
  run.join(5, 4);
  run.where().run(100);
  run.join(3, 2);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
  BOOST_TEST(run.count("worker_joined") == 5u);
  BOOST_TEST(run.count("parameter_server_joined") == 2u);
  BOOST_TEST(outcome->summary["per_worker"][4]["rows"] == 0);
  BOOST_TEST(outcome->summary["per_worker"][5]["rows"].get<std::uint64_t>() > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
