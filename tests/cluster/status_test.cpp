#include <signal.h>

#include "cluster/workspace.hpp"
#include "troupe/cluster/control/control_client.hpp"
#include "troupe/cluster/control/run_socket.hpp"
#include "troupe/troupe.hpp"

// Watching and ending a run as its users do: `troupe status`, `events` and `stop` beside a
// `troupe train`.

using namespace troupe::testing;

namespace {

using json = nlohmann::json;

/// A run far longer than any test, in <here>/runs/long.
class long_run {
 public:
  explicit long_run(const workspace& here) : folder(here / "runs/long") {
    std::filesystem::create_directories(here / "runs");
    const std::string job = here.write("job.yaml", quick_job);
    run.emplace(
        std::vector<std::string>{"train", job, "--run", folder, "--set", "training.epochs=1000000",
                                 "--set", "training.evaluate_every=1000", "--set",
                                 "actors.slice=4096", "--set", "actors.parameter_servers=2"});
    BOOST_REQUIRE(run->wait_for("rows/s"));
  }
  const std::string folder;
  std::optional<process> run;
};

/// As a user in the folder above the runs.
outcome in(const workspace& here, const std::vector<std::string>& arguments) {
  process_options options;
  options.folder = here.path();
  return run_troupe(arguments, options);
}

void check_has(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, "'" << part << "' in: " << text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_commands)

BOOST_AUTO_TEST_CASE(a_run_is_watched_and_ended) {
  const workspace here;
  long_run long_one(here);
  const outcome named = in(here, {"status", "--run", long_one.folder, "--json"});
  BOOST_TEST_REQUIRE(named.status == 0, named.err);
  BOOST_CHECK_EQUAL(lines_of(named.out).size(), 1u);
  const json now = json::parse(named.out);
  BOOST_CHECK_EQUAL(now["name"], "quick");
  BOOST_CHECK_EQUAL(now["state"], "training");
  BOOST_CHECK_GT(now["rows"], 0);
  BOOST_CHECK(now["nodes"].empty());
  BOOST_REQUIRE_EQUAL(now["workers"].size(), 2u);
  std::size_t slices = 0;
  BOOST_REQUIRE_EQUAL(now["parameter_servers"].size(), 2u);
  for (const json& server : now["parameter_servers"]) slices += server["slices"].size();
  BOOST_CHECK_EQUAL(slices, 4u);

  const outcome shown = in(here, {"status"});  // finds it
  BOOST_TEST_REQUIRE(shown.status == 0, shown.err);
  for (const char* part : {"quick: training, epoch ", "downpour, asynchronous: ", "worker  state",
                           "server  state", "run: runs/long"}) {
    check_has(shown.out, part);
  }
  BOOST_CHECK(shown.out.find('\033') == std::string::npos);
  BOOST_CHECK_EQUAL(lines_of(in(here, {"status", "--slices"}).out).size(),
                    lines_of(shown.out).size() + 2);

  process follower({"events", "--run", long_one.folder, "--follow"});
  const outcome stopped = in(here, {"stop"});
  BOOST_CHECK_EQUAL(stopped.status, 0);
  check_has(stopped.out, "runs/long: stopping");
  const outcome done = long_one.run->wait();
  BOOST_CHECK_EQUAL(done.status, 0);
  check_has(done.out, "stopped by command");
  const json summary = here.json("runs/long/summary.json");
  BOOST_CHECK_EQUAL(summary["stopped_by"], "command");
  BOOST_CHECK(here.has("runs/long/model.troupe"));
  BOOST_CHECK(!here.has("runs/long/control"));

  const outcome followed = follower.wait();
  BOOST_CHECK_EQUAL(followed.status, 0);
  check_has(followed.out, "started");
  check_has(lines_of(followed.out).back(), "stopped");
  check_has(lines_of(followed.out).back(), "reason command");
}

BOOST_AUTO_TEST_CASE(a_run_that_is_over_says_how_it_ended) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  BOOST_REQUIRE_EQUAL(run_troupe({"train", job, "--quiet", "--run", here / "run"}).status, 0);
  BOOST_CHECK(!here.has("run/control"));
  check_complaint(run_troupe({"status", "--run", here / "run"}), 1,
                  "the run is over: stopped by epochs after 800 rows");
  check_complaint(run_troupe({"stop", "--run", here / "run"}), 1, "the run is over");
  const outcome events = run_troupe({"events", "--run", here / "run", "--json", "--follow"});
  BOOST_CHECK_EQUAL(events.status, 0);
  BOOST_CHECK_EQUAL(events.out, here.read("run/events.jsonl"));
}

BOOST_AUTO_TEST_CASE(a_run_that_was_killed_is_told_from_one_that_lives) {
  const workspace here;
  long_run long_one(here);
  process follower({"events", "--run", long_one.folder, "--follow", "--json"});
  const outcome before = in(here, {"events", "--json"});
  BOOST_CHECK_EQUAL(before.status, 0);
  BOOST_CHECK_EQUAL(before.out, here.read("runs/long/events.jsonl"));
  long_one.run->signal(SIGKILL);
  BOOST_CHECK_EQUAL(long_one.run->wait().status, 128 + SIGKILL);

  BOOST_CHECK(here.has("runs/long/control"));
  const outcome followed = follower.wait();
  BOOST_CHECK_EQUAL(followed.status, 1);
  const bool told = followed.err.find("has died") != std::string::npos ||
                    followed.err.find("process is gone") != std::string::npos;
  BOOST_CHECK_MESSAGE(told, followed.err);
  for (const char* command : {"status", "stop"}) {
    check_complaint(run_troupe({command, "--run", long_one.folder}), 1,
                    "runs/long: the run's process is gone");
  }
  const outcome events = run_troupe({"events", "--run", long_one.folder});
  BOOST_CHECK_EQUAL(events.status, 1);
  check_has(events.out, "started");
  check_has(events.err, "process is gone");
  check_complaint(in(here, {"status"}), 1, "no run is under way");
}

BOOST_AUTO_TEST_CASE(where_there_is_no_run) {
  const workspace here;
  for (const char* command : {"status", "top", "events", "stop"}) {
    check_complaint(in(here, {command}), 1, "no run is under way");
    check_complaint(in(here, {command, "--run", "nowhere"}), 2, "there is no such folder");
    check_complaint(in(here, {command, "--run", here.path()}), 2, "the folder holds no run");
    check_complaint(in(here, {command, "runs/long"}), 2, "one argument too many");
  }
}

BOOST_AUTO_TEST_CASE(a_program_that_embeds_a_run_is_watched_and_ended_alike) {
  const workspace here;
  const auto known = troupe::catalogue::builtin();
  const troupe::job of =
      troupe::parse_job(quick_job, "quick.yaml", {"training.epochs=1000000"}, known);
  troupe::train_options options;
  options.folder = here / "run";
  json before;
  options.observer.on_event = [&](const troupe::run_event& e) {
    if (e.name != "started") return;
    const auto run = troupe::connect_to_folder(options.folder);
    before = run->ask({{"request", "status"}});
    run->ask({{"request", "stop"}});
  };
  const auto result = troupe::train(of, options, known);
  BOOST_CHECK_EQUAL(before["name"], "quick");
  BOOST_CHECK_EQUAL(result.stopped_by, "command");
  BOOST_CHECK(!here.has("run/control"));

  // Without a folder there is no socket anywhere, and no need for one.
  options.folder.clear();
  options.observer.on_event = {};
  const troupe::job brief = troupe::parse_job(quick_job, "quick.yaml", {}, known);
  BOOST_CHECK_EQUAL(troupe::train(brief, options, known).stopped_by, "epochs");
}

BOOST_AUTO_TEST_SUITE_END()
