// Leases are taken away at any moment: what was begun is committed, the rest trained by others.

#include <boost/test/unit_test.hpp>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// Takes some lease away from whoever holds it, again and again.
void take_leases_away(whole_run& run, std::uint64_t seed) {
  run.on_commit = [&run, seed, drawn = std::uint64_t{0}]() mutable {
    const random_stream draws(seed, random_purpose::test);
    if (draws.below(drawn++, 3) > 0) return;
    wire_builder<schema::Revoke> message;
    ++drawn;
    message->setLease(drawn / 4 + draws.below(drawn, 6));
    const auto sent = std::move(message).finish();
    for (const worker_actor& w : run.cast().workers) caf::anon_send(w, sent);
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(revoking)

BOOST_AUTO_TEST_CASE(every_row_is_trained_once_all_the_same) {
  const std::vector<std::vector<std::string>> jobs = {
      {"optimizer.protocol=downpour"},
      {"optimizer.protocol=downpour", "optimizer.push_window=5", "optimizer.fetch_window=2"},
      {"optimizer.protocol=downpour", "optimizer.push_window=2", "optimizer.fetch_window=3"},
      {"optimizer.protocol=adag", "optimizer.consistency={name: bounded, staleness: 1}"},
      {"optimizer.protocol=aeasgd", "optimizer.consistency=asynchronous"},
      {"optimizer.protocol=hogwild"},
      {"optimizer.protocol=ensemble"},
  };
  for (auto overrides : jobs) {
    overrides.push_back("training.evaluate_every=0");
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      BOOST_TEST_CONTEXT(overrides[0] << ", " << overrides[1] << ", order " << seed) {
        whole_run run(small_job(overrides), two_classes(400));
        take_leases_away(run, seed);
        run.shuffle(seed);
        const auto outcome = run.finish();
        BOOST_REQUIRE(outcome);
        const auto& s = outcome->summary;
        BOOST_TEST(outcome->stopped_by == "epochs");
        const std::uint64_t models = s.contains("members") ? s["members"].get<std::uint64_t>() : 1;
        BOOST_TEST(s["rows_trained"].get<std::uint64_t>() == models * 400 * 3);
        BOOST_TEST(s["rows_repeated"] == 0);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
