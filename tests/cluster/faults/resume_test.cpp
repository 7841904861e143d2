// The launching process is killed, with the supervisor in it, and a new one goes on.

#include <csignal>

#include "cluster/faults/small_job.hpp"

using namespace troupe::testing;

namespace {

std::size_t checkpoints(const workspace& here) {
  std::size_t count = 0;
  for (const std::string& line : lines_of(here.read("run/events.jsonl"))) {
    count += line.find("\"event\":\"checkpoint\"") != std::string::npos;
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_killed_launcher)

BOOST_AUTO_TEST_CASE(is_resumed_with_all_rows_and_the_same_accuracy) {
  for (const std::string protocol : {"downpour", "sync_sgd"}) {
    BOOST_TEST_CONTEXT(protocol) {
      const workspace here;
      const std::string text = small_job(protocol, 60);
      const std::vector<std::string> launch = {"launch",
                                               here.write("job.yaml", text),
                                               "--run",
                                               here / "run",
                                               "--resume",
                                               "--set",
                                               "supervisor.checkpoint.every_seconds=0.1"};
      for (int kills = 0; kills < 2; ++kills) {
        const std::size_t before = checkpoints(here);
        process run(launch);
        while (checkpoints(here) == before) BOOST_TEST_REQUIRE(!run.ended(), run.so_far().err);
        run.signal(SIGKILL);
        BOOST_CHECK_EQUAL(run.wait().status, 128 + SIGKILL);
      }
      const outcome done = run_troupe(launch);
      BOOST_TEST_REQUIRE(done.status == 0, done.err);
      const auto s = here.json("run/summary.json");
      BOOST_CHECK_EQUAL(s["stopped_by"], "epochs");
      BOOST_CHECK_EQUAL(
          s["rows_trained"].get<std::uint64_t>() - s["rows_repeated"].get<std::uint64_t>(),
          s["rows_per_epoch"].get<std::uint64_t>() * 60);
      const reference_run undisturbed(text);
      BOOST_CHECK_SMALL(
          s["test_accuracy"].get<double>() - undisturbed.summary()["test_accuracy"].get<double>(),
          like_in_one_process);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
