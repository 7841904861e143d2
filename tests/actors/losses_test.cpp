// Workers and data shards that end in the middle of a run, under every consistency: their parts are
// played again, and every row is trained.

#include <boost/test/unit_test.hpp>

#include "actors/loss_choices.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::uint64_t repeated(const run_outcome& outcome) {
  return outcome.summary["rows_repeated"].get<std::uint64_t>();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(losses)

BOOST_AUTO_TEST_CASE(every_row_is_trained_whoever_ends_when) {
  std::size_t resumed = 0;
  for (const choice& c : choices) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        const random_stream draws(seed, random_purpose::test);
        whole_run run(job_of(c), two_classes(loss_rows), {}, true);
        run.shuffle(seed);
        run.keep_every(150);
        run.start();
        std::uint64_t at = 0, kills = 0;
        for (; kills < 4; ++kills) {
          run.where().run(60 + draws.below(at++, 700));
          const auto number = draws.below(at++, 3);
          if (draws.below(at++, 4) == 0) {
            kill(run.cast().shards[number % 2]);
          } else {
            kill(run.cast().workers[number]);
          }
        }
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
        // A window of each, at most: 3 batches of 4 rows, or, where windows are shared out by
        // speed, those of all three workers.
        const bool shared =
            c.rebalance == std::string("true") && c.consistency != std::string("asynchronous");
        const bool drops = std::string(c.consistency).find("backup") != std::string::npos;
        if (!drops) BOOST_TEST(repeated(*outcome) <= kills * (shared ? 36 : 12));
        // What was kept meanwhile is whole, too.
        if (run.kept.empty() || seed > 6) continue;
        whole_run next(job_of(c), two_classes(loss_rows), {}, true,
                       run.kept[draws.below(at++, run.kept.size())]);
        next.shuffle(seed);
        const outcome_ptr end = next.finish();
        BOOST_TEST_REQUIRE(end);
        check_rows(*end);
        ++resumed;
      }
    }
  }
  BOOST_TEST(resumed > 30u);
}

BOOST_AUTO_TEST_CASE(a_lost_worker_is_named_and_comes_back) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows), {}, true);
  run.start();
  run.where().run(400);
  kill(run.cast().workers[1]);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
  BOOST_TEST(run.recast() == 1u);
  std::vector<std::string> story;
  for (const run_event& e : run.heard.events) {
    if (!e.facts.contains("worker") || e.facts["worker"] != 1) continue;
    story.push_back(e.name);
  }
  BOOST_TEST(story == (std::vector<std::string>{"worker_joined", "worker_lost", "worker_joined"}),
             boost::test_tools::per_element());
  BOOST_TEST(run.heard.events.back().facts["reason"] == "epochs");
}

BOOST_AUTO_TEST_CASE(without_anyone_to_recast_a_loss_ends_the_run) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows));
  run.start();
  run.where().run(400);
  kill(run.cast().workers[1]);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  BOOST_TEST(outcome->stopped_by == "failed");
  BOOST_TEST(outcome->failure.find("worker 1") == 0u);
}

BOOST_AUTO_TEST_CASE(a_run_without_workers_waits_and_then_ends) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows), {}, true);
  run.start();
  run.where().run(400);
  caf::anon_send_exit(run.casting(), caf::exit_reason::kill);  // nobody comes back
  for (const auto& worker : run.cast().workers) kill(worker);
  run.where().drain();
  run.where().pass(std::chrono::seconds(29));
  BOOST_TEST(!run.finish());
  run.where().pass(std::chrono::seconds(2));
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  BOOST_TEST(outcome->failure.find("no worker has come back within 30 s: worker") == 0u);
}

BOOST_AUTO_TEST_CASE(a_suspected_worker_gets_no_more_work) {
  whole_run run(job_of(choices[0]), two_classes(loss_rows), {}, true);
  run.start();
  run.where().run(400);
  caf::anon_send(run.lead(), suspect_atom::value, std::uint32_t{1}, true);
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
  const auto& workers = outcome->summary["per_worker"];
  BOOST_TEST(workers[1]["rows"].get<std::uint64_t>() * 3 < workers[0]["rows"].get<std::uint64_t>());
}

BOOST_AUTO_TEST_SUITE_END()
