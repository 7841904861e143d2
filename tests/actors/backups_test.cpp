// Parameter servers that end while others keep backups of their slices: nothing that was answered
// is lost, and nothing is trained twice.

#include <boost/test/unit_test.hpp>

#include "actors/loss_choices.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

void keep_backups(run_plan& plan, std::uint32_t replicas) {
  plan.of.cluster.emplace();
  plan.of.cluster->replicas = replicas;
}

struct backed_up : whole_run {
  explicit backed_up(const choice& c, std::uint32_t servers = 2, std::uint32_t replicas = 1)
      : whole_run(
            with_servers(job_of(c), servers), two_classes(loss_rows),
            [=](run_plan& plan) { keep_backups(plan, replicas); }, true) {}

  static job with_servers(job of, std::uint32_t servers) {
    of.actors.parameter_servers = servers;
    return of;
  }
  std::size_t count(const std::string& name) const {
    return static_cast<std::size_t>(
        std::count_if(heard.events.begin(), heard.events.end(),
                      [&](const run_event& e) { return e.name == name; }));
  }
  /// What a server has, while the run goes on.
  load_msg load(const parameter_server_actor& server) {
    caf::scoped_actor self(where().system);
    self->send(caf::actor_cast<caf::actor>(server), load_atom::value);
    where().run(100);
    load_msg out;
    self->receive([&](const load_msg& answer) { out = answer; },
                  caf::after(std::chrono::seconds(0)) >> [] {});
    return out;
  }
  /// Of each slice.
  std::map<std::uint32_t, std::uint64_t> versions() {
    std::map<std::uint32_t, std::uint64_t> out;
    for (const auto& server : cast().servers) {
      const load_msg has = load(server);
      for (const auto slice : (*has).getSlices()) {
        out[slice.getSlice()] = slice.getVersion();
      }
    }
    return out;
  }
  /// Goes on until so many more of these were told, or nothing happens any more.
  void run_until(const std::string& name, std::size_t more = 1) {
    const std::size_t before = count(name);
    for (int i = 0; i < 100000 && count(name) < before + more; ++i) where().run(1);
    BOOST_TEST_REQUIRE(count(name) == before + more);
  }
};

const auto server_role = part_lost::role::server;

}  // namespace

BOOST_AUTO_TEST_SUITE(backups)

BOOST_AUTO_TEST_CASE(a_lost_server_costs_no_row) {
  for (const choice& c : choices) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        const random_stream draws(seed, random_purpose::test);
        backed_up run(c);
        run.shuffle(seed);
        run.start();
        run.run_until("started");
        run.where().run(draws.below(0, 2000));
        if (seed % 2 == 0) {
          kill(run.cast().servers[seed / 2 % 2]);
        } else {
          // It lives, but is not listened to any more.
          caf::anon_send(run.lead(),
                         part_lost{server_role, static_cast<std::uint32_t>(seed / 2 % 2), 1, "?"});
        }
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(run.count("parameter_server_lost") == 1u);
        BOOST_TEST(run.count("backups_promoted") == 1u);
        BOOST_TEST(run.count("went_back") == 0u);
        BOOST_TEST(run.count("worker_lost") == 0u);
        if (std::string(c.consistency).find("backup_workers") == std::string::npos) {
          BOOST_TEST(outcome->summary["rows_repeated"] == 0);
        }
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.7);
        if (std::string(c.consistency) != "asynchronous") continue;
        // Every window that was acknowledged is in every slice, once.
        for (const auto& [slice, version] : run.versions()) {
          BOOST_TEST(version == outcome->summary["commits"].get<std::uint64_t>());
        }
        BOOST_TEST(run.versions().size() == run.plan().slice_count());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(synchronous_runs_give_the_same_bits) {
  std::vector<float> undisturbed;
  for (const std::uint64_t seed : {0, 1, 2, 3, 4, 5, 6, 7, 8}) {
    backed_up run({"sync_sgd", "synchronous", "false"});
    if (seed > 0) {
      run.start();
      run.run_until("started");
      for (const std::uint64_t again : {0, 1}) {
        run.where().run(100 * seed);
        kill(run.cast().servers[(seed + again) % 2]);
        run.run_until("backups_filled");
      }
    }
    const outcome_ptr outcome = run.finish();
    BOOST_TEST_REQUIRE(outcome);
    check_rows(*outcome);
    BOOST_TEST(run.count("went_back") == 0u);
    if (seed == 0) undisturbed = outcome->model->parameters;
    BOOST_TEST((outcome->model->parameters == undisturbed));
  }
}

/// Servers, workers and shards, whenever it happens; where two servers go at once, back to the last
/// checkpoint.
BOOST_AUTO_TEST_CASE(every_row_is_trained_whoever_ends_when) {
  std::size_t promoted = 0, back = 0;
  for (const choice& c : choices) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency << " rebalance " << c.rebalance
                                    << " seed " << seed) {
        const random_stream draws(seed, random_purpose::test);
        backed_up run(c, 3, 1 + seed % 2);
        run.shuffle(seed);
        run.keep_every(100);
        run.start();
        std::uint64_t at = 0;
        for (int kills = 0; kills < 6; ++kills) {
          run.where().run(draws.below(at++, 600));
          const auto number = static_cast<std::uint32_t>(draws.below(at++, 3));
          switch (draws.below(at++, 5)) {
            case 0:
              kill(run.cast().workers[number]);
              break;
            case 1:
              kill(run.cast().shards[number % 2]);
              break;
            case 2:
              caf::anon_send(run.lead(), part_lost{server_role, number, 1, "it is silent"});
              break;
            default:
              kill(run.cast().servers[number]);
          }
        }
        const outcome_ptr outcome = run.finish();
        BOOST_TEST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.7);
        promoted += run.count("backups_promoted");
        back += run.count("went_back");
      }
    }
  }
  BOOST_TEST(promoted > 200u);
  BOOST_TEST(back > 0u);
  BOOST_TEST(back < promoted / 4);
}

BOOST_AUTO_TEST_CASE(a_backup_that_its_home_cannot_reach_is_given_up) {
  backed_up run(choices[0]);
  run.start();
  run.run_until("started");
  run.where().run(100);
  const auto backup = run.cast().servers[1];
  for (int i = 0; i < 2; ++i) {  // said twice, of one that is no longer there
    caf::anon_send(run.lead(), server_atom::value, backup.address());
    run.run_until("backups_filled", i == 0 ? 1 : 0);
    run.where().run(50);
  }
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
  BOOST_TEST(run.count("parameter_server_lost") == 1u);
  BOOST_TEST(run.count("backups_promoted") == 1u);
  BOOST_TEST(outcome->summary["rows_repeated"] == 0);
}

BOOST_AUTO_TEST_CASE(a_new_server_gets_its_share) {
  backed_up run(choices[0], 3);
  run.start();
  run.run_until("started");
  for (const std::uint32_t server : {0, 1, 2, 0}) {
    kill(run.cast().servers[server]);
    run.run_until("parameter_server_replaced");
    run.run_until("backups_filled");
    run.where().run(100);
  }
  for (const auto& server : run.cast().servers) {
    BOOST_TEST((*run.load(server)).getSlices().size() == 1u);
  }
  const outcome_ptr outcome = run.finish();
  BOOST_TEST_REQUIRE(outcome);
  check_rows(*outcome);
  BOOST_TEST(outcome->summary["rows_repeated"] == 0);
}

BOOST_AUTO_TEST_SUITE_END()
