// Runs over nodes that end before all nodes are there.
#include <signal.h>

#include "cluster/workspace.hpp"

using namespace troupe::testing;

namespace {

/// Nodes that nobody starts.
std::vector<std::string> launch_by_hand(const std::string& job, const std::string& folder) {
  return {"launch", job,
          "--run",  folder,
          "--set",  "cluster.launcher=manual",
          "--set",  "cluster.tls.enabled=false"};
}

void check_nothing_trained(const workspace& here, const std::string& why) {
  const auto summary = here.json("run/summary.json");
  BOOST_CHECK_EQUAL(summary["stopped_by"], why);
  BOOST_CHECK_EQUAL(summary["rows_trained"], 0);
  BOOST_CHECK_EQUAL(here.json_lines("run/events.jsonl").back()["event"], "stopped");
  BOOST_CHECK(!here.has("run/model.troupe"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(assembly)

BOOST_AUTO_TEST_CASE(ends_where_somebody_asks_for_it) {
  for (const int number : {SIGINT, SIGTERM}) {
    BOOST_TEST_CONTEXT("signal " << number) {
      const workspace here;
      process running(launch_by_hand(here.write("job.yaml", quick_job), here / "run"));
      BOOST_REQUIRE(running.wait_for("for node"));
      running.signal(number);
      const outcome done = running.wait();
      BOOST_CHECK_MESSAGE(done.status == 130, done.status << ": " << done.err);
      check_nothing_trained(here, "interrupted");
    }
  }
}

BOOST_AUTO_TEST_CASE(ends_by_a_command) {
  const workspace here;
  process running(launch_by_hand(here.write("job.yaml", quick_job), here / "run"));
  BOOST_REQUIRE(running.wait_for("for node"));
  BOOST_CHECK_EQUAL(run_troupe({"stop", "--run", here / "run"}).status, 0);
  const outcome done = running.wait();
  BOOST_CHECK_MESSAGE(done.status == 0, done.status << ": " << done.err);
  check_nothing_trained(here, "command");
}

BOOST_AUTO_TEST_CASE(fails_with_the_name_of_a_node_that_does_not_come) {
  for (const auto& [setting, how] :
       {std::pair{"cluster.program=/bin/false", "exited with status 1"},
        std::pair{"cluster.start_timeout=0.5", "did not come up within 0.5 s"}}) {
    BOOST_TEST_CONTEXT(setting) {
      const workspace here;
      auto command = launch_by_hand(here.write("job.yaml", quick_job), here / "run");
      if (std::string(setting).find("program") != std::string::npos) {
        command.insert(command.end(), {"--set", "cluster.launcher=local"});
      }
      command.insert(command.end(), {"--set", setting});
      const outcome done = process(command).wait();
      BOOST_CHECK_EQUAL(done.status, 1);
      BOOST_CHECK_MESSAGE(done.err.find(std::string("node servers ") + how) != std::string::npos,
                          done.err);
      check_nothing_trained(here, "failed");
      const std::string failure = here.json("run/summary.json")["failure"];
      BOOST_CHECK_MESSAGE(failure.find(how) != std::string::npos, failure);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
