#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/control_fixture.hpp"
#include "troupe/cluster/control/control_client.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(control_client)

BOOST_AUTO_TEST_CASE(the_dead_are_told_from_the_living) {
  const workspace here;
  BOOST_CHECK(connect_to_run(here.path()).second == run_life::none);
  BOOST_CHECK(connect_to_run(here / "nowhere").second == run_life::none);
  here.write("control", "no socket");
  BOOST_CHECK(connect_to_run(here.path()).second == run_life::none);
  std::filesystem::remove(here / "control");

  const pid_t child = fork();
  if (child == 0) {
    new run_listener(here.path());
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  BOOST_REQUIRE(here.has("control"));
  BOOST_CHECK(connect_to_run(here.path()).second == run_life::dead);
  {
    const run_listener living(here.path());  // takes its place
    BOOST_CHECK(connect_to_run(here.path()).second == run_life::living);
    BOOST_CHECK_THROW(run_listener(here.path()), error);
    BOOST_CHECK(connect_to_run(here.path()).second == run_life::living);
  }
  BOOST_CHECK(connect_to_run(here.path()).second == run_life::none);
}

BOOST_AUTO_TEST_CASE(a_run_of_another_user_is_told_so) {
  if (geteuid() != 0) {
    BOOST_TEST_MESSAGE("skipped: only root can be somebody else");
    return;
  }
  const workspace here;
  const pretended_run run(here.path());
  const auto seen_by_nobody = [&](const std::string& folder) {
    const pid_t child = fork();
    if (child == 0) {
      const bool other = setgid(65534) == 0 && setuid(65534) == 0;
      _exit(other ? static_cast<int>(connect_to_run(folder).second) : 100);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  // The folder itself is closed to others, then only the socket.
  BOOST_CHECK_EQUAL(seen_by_nobody(here.path()), static_cast<int>(run_life::forbidden));
  ::chmod(here.path().c_str(), 0755);
  BOOST_CHECK_EQUAL(seen_by_nobody(here.path()), static_cast<int>(run_life::forbidden));
}

BOOST_AUTO_TEST_CASE(why_nobody_answers_is_said) {
  const auto why = [](const std::string& folder) {
    try {
      connect_to_folder(folder);
    } catch (const error& e) {
      return std::to_string(static_cast<int>(e.kind())) + " " + e.message();
    }
    return std::string("somebody does");
  };
  const workspace here;
  BOOST_CHECK_EQUAL(why(here / "nowhere"), "2 there is no such folder");
  BOOST_CHECK_EQUAL(why(here.path()), "2 the folder holds no run");
  here.write("job.yaml", "");
  BOOST_CHECK_EQUAL(why(here.path()),
                    "1 nobody answers: the run has only begun, or its process is gone");
  here.write("summary.json",
             "{\"stopped_by\": \"epochs\", \"rows_trained\": 1200, \"seconds\": "
             "2.04, \"test_loss\": null, \"test_accuracy\": 0.987654}");
  BOOST_CHECK_EQUAL(
      why(here.path()),
      "1 the run is over: stopped by epochs after 1200 rows in 2.0 s, test_accuracy 0.9877");
  here.write("summary.json", "{\"stopped_by\": \"failed\", \"failure\": \"worker 1 ended\"}");
  BOOST_CHECK_EQUAL(why(here.path()),
                    "1 the run is over: stopped by failed after 0 rows in 0.0 s (worker 1 ended)");
  for (const char* damaged : {"", "[]", "{\"stopped_by\": 3}", "{\"failure\": 3}"}) {
    here.write("summary.json", damaged);
    BOOST_CHECK_EQUAL(why(here.path()).rfind("1 the run is over", 0), 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_says_nothing_is_not_waited_for_long) {
  const workspace here;
  const run_listener frozen(here.path());  // takes connections, like a process that was stopped
  const auto client = connect_to_folder(here.path(), milliseconds(50));
  const auto says_so = [](const error& e) {
    return e.message() == "the run does not answer within 0.05 s";
  };
  BOOST_CHECK_EXCEPTION(client->ask(status_request), error, says_so);
  BOOST_CHECK_EXCEPTION(client->events(false, [](const std::string&) {}), error, says_so);
}

BOOST_AUTO_TEST_CASE(events_come_until_the_run_ends) {
  const workspace here;
  append(here, event_line(1));
  pretended_run run(here.path());
  std::vector<std::string> lines;
  const auto keep = [&](const std::string& line) { lines.push_back(line + "\n"); };
  connect_to_folder(here.path())->events(false, keep);
  BOOST_REQUIRE_EQUAL(lines.size(), 1u);
  const auto client = connect_to_folder(here.path());
  client->events(true, [&](const std::string& line) {
    keep(line);
    if (lines.size() > 2) return run.socket.reset();
    append(here, event_line(2));
  });
  BOOST_REQUIRE_EQUAL(lines.size(), 3u);
  BOOST_CHECK_EQUAL(lines[2], event_line(2));
  BOOST_CHECK_EXCEPTION(client->ask(status_request), error,
                        [](const error& e) { return e.message() == "the run has just ended"; });
}

BOOST_AUTO_TEST_CASE(the_newest_living_run_is_found) {
  const workspace here;
  const auto none = [&] {
    try {
      newest_living_run(here / "runs");
    } catch (const error&) {
      return true;
    }
    return false;
  };
  BOOST_CHECK(none());
  for (const char* folder : {"runs/over", "runs/a", "runs/compared/b"}) {
    std::filesystem::create_directories(here / folder);
  }
  BOOST_CHECK(none());
  const pretended_run first(here / "runs/a");
  std::optional<pretended_run> second(here / "runs/compared/b");
  const auto early = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(here / "runs/a/control", early);
  BOOST_CHECK_EQUAL(newest_living_run(here / "runs"), here / "runs/compared/b");
  second.reset();
  BOOST_CHECK_EQUAL(newest_living_run(here / "runs"), here / "runs/a");
}

BOOST_AUTO_TEST_CASE(a_run_is_paused_and_goes_on) {
  const workspace here;
  pretended_run run(here.path());
  const auto client = connect_to_folder(here.path());
  BOOST_CHECK(client->ask({{"request", "pause"}})["paused"].get<bool>());
  BOOST_CHECK(run.paused);
  BOOST_CHECK(!client->ask({{"request", "resume"}})["paused"].get<bool>());
  BOOST_CHECK(!run.paused);
  run.trouble = "it is not training";
  BOOST_CHECK_THROW(client->ask({{"request", "pause"}}), error);
}

BOOST_AUTO_TEST_CASE(events_go_on_where_the_last_ones_ended) {
  const workspace here;
  const pretended_run run(here.path());
  const std::string first = R"({"time":0,"event":"started"})", second = R"({"event":"stopped"})";
  here.write("events.jsonl", first + "\n");
  const auto client = connect_to_folder(here.path());
  std::vector<std::string> heard;
  const auto hear = [&](const std::string& line) { heard.push_back(line); };
  std::uint64_t next = client->events_after(0, hear);
  BOOST_CHECK_EQUAL(next, first.size() + 1);
  BOOST_CHECK_EQUAL(client->events_after(next, hear), next);
  here.write("events.jsonl", first + "\n" + second + "\n");
  next = client->events_after(next, hear);
  BOOST_CHECK(heard == (std::vector<std::string>{first, second}));
}

BOOST_AUTO_TEST_SUITE_END()
