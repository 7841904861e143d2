#include <signal.h>

#include "cluster/slowed_run.hpp"
#include "cluster/tmux.hpp"

// `troupe top` in a real terminal, beside runs that really train.

using namespace troupe::testing;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void check_has(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(has(text, part), "'" << part << "' in:\n" << text);
}

std::string top(const std::string& folder) {
  return std::string("'") + TROUPE_COMMAND + "' top --run '" + folder + "'";
}

/// Events of this name so far.
std::size_t count_of(const workspace& here, const std::string& name) {
  const std::string text = here.read("run/events.jsonl"), part = "\"event\":\"" + name + "\"";
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool shows_straggler_and_move(const std::string& screen) {
  return has(screen, " slow 0.") && has(screen, "not keeping up") && has(screen, "rebalanced") &&
         has(screen, "rows a window, by worker: ") && has(screen, " training ");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(top_command)

BOOST_AUTO_TEST_CASE(the_straggler_and_what_is_moved_are_seen) {
  if (!tmux_window::available()) return;
  const workspace here;
  slowed_run run(here / "run");
  const tmux_window window(here, top(run.folder), 80, 24);
  const std::string small = window.until(shows_straggler_and_move);
  BOOST_TEST_MESSAGE(small);
  BOOST_CHECK_EQUAL(lines_of(small).size(), 24u);
  for (const char* part :
       {"digits  adag, bounded", "epoch ", " rows/s ", "── loss ", "── accuracy ", "worker▲",
        " window", "── 2 parameter servers ", "── events ", "q quit   s sort"}) {
    check_has(small, part);
  }
  window.resize(160, 50);
  const std::string large = window.until(
      [](const std::string& now) { return shows_straggler_and_move(now) && has(now, "leased"); });
  BOOST_TEST_MESSAGE(large);
  BOOST_CHECK_EQUAL(lines_of(large).size(), 50u);
  check_has(large, "of the median");
  check_has(large, "parameters 12730");
  window.resize(20, 5);
  window.until([](const std::string& now) { return has(now, "4 workers") && !has(now, "loss"); });
  window.resize(80, 24);
  window.until(shows_straggler_and_move);
}

BOOST_AUTO_TEST_CASE(keys_sort_pause_keep_and_stop_a_run) {
  if (!tmux_window::available()) return;
  const workspace here;
  slowed_run run(here / "run");
  // What the terminal is set to before and after.
  const std::string command = "stty -a > " + (here / "before") + "; " + top(run.folder) +
                              "; kept=$?; stty -a > " + (here / "after") + "; (exit $kept)";
  const tmux_window window(here, command, 80, 24);
  window.until_shown("worker▲");
  window.press("s");
  window.until([](const std::string& now) { return has(now, "state▲") || has(now, "node▲"); });
  window.press("S");
  window.press("r");
  window.until_shown("worker▼");
  window.press("?");
  window.until_shown("Any key takes this away");
  window.press("?");
  window.until([](const std::string& now) { return !has(now, "Any key"); });

  // Events are looked for in the run's file: on a busy machine others take their places on a screen
  // soon.
  const auto recorded = [&](const std::string& name) {
    window.until([&](const std::string&) { return count_of(here, name) == 1; });
  };
  window.press("p");
  window.until_shown(" paused ");
  recorded("paused");
  window.press("p");
  window.until_shown(" training ");
  recorded("resumed");
  window.press("c");
  recorded("checkpoint");
  BOOST_CHECK(here.has("run/checkpoints/000001.checkpoint"));
  window.press("x");
  window.until_shown("stop the run?");
  window.press("n");
  window.until([](const std::string& now) { return !has(now, "stop the run?"); });
  BOOST_CHECK_EQUAL(count_of(here, "stopped"), 0u);
  window.press("x");
  window.until_shown("stop the run?");
  window.press("y");
  const std::string last = window.until_shown("stopped by command");
  check_has(last, " over ");
  check_has(last, "test loss");
  BOOST_CHECK_EQUAL(run.end().stopped_by, "command");
  window.press("q");
  const std::string left = window.until_shown("left with 0");
  BOOST_CHECK(!has(left, "worker"));  // the screen from before
  BOOST_CHECK_EQUAL(here.read("before"), here.read("after"));
}

BOOST_AUTO_TEST_CASE(leaving_changes_nothing) {
  if (!tmux_window::available()) return;
  const workspace here;
  slowed_run run(here / "run");
  const std::string again = top(run.folder) + "; echo \"first $?\"; " + top(run.folder);
  const tmux_window window(here, again, 80, 24);
  window.until_shown("worker▲");
  window.press("C-c");
  window.until_shown("worker▲");  // the next one
  window.press("q");
  const std::string left = window.until_shown("left with 0");
  check_has(left, "first 130");
  BOOST_CHECK_EQUAL(count_of(here, "stopped"), 0u);
  BOOST_CHECK_EQUAL(run.end().stopped_by, "command");
}

BOOST_AUTO_TEST_CASE(a_run_that_dies_and_comes_back_is_found_again) {
  if (!tmux_window::available()) return;
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  const std::vector<std::string> train = {"train",   job,
                                          "--run",   here / "run",
                                          "--set",   "training.epochs=1000000",
                                          "--set",   "training.evaluate_every=1000",
                                          "--set",   "supervisor.checkpoint.every_seconds=0.2",
                                          "--resume"};
  process first(train);
  BOOST_REQUIRE(first.wait_for("rows/s"));
  const tmux_window window(here, top(here / "run"), 100, 30);
  window.until_shown(" training ");
  window.until_shown(".checkpoint");
  first.signal(SIGKILL);
  first.wait();
  const std::string lost = window.until_shown("the run's process is gone");
  check_has(lost, "connection lost");
  check_has(lost, "worker▲");  // the last picture
  process second(train);
  window.until_shown(" training ");
  BOOST_CHECK_EQUAL(run_troupe({"stop", "--run", here / "run"}).status, 0);
  window.until_shown("stopped by command");
  second.wait();
}

BOOST_AUTO_TEST_CASE(where_there_is_no_screen_lines_come) {
  const workspace here;
  slowed_run run(here / "run");
  process lines({"top", "--run", run.folder}), objects({"top", "--run", run.folder, "--json"});
  const auto any = [](process& of) {
    while (of.so_far().out.find('\n') == std::string::npos) BOOST_REQUIRE(!of.ended());
  };
  any(lines);
  any(objects);
  if (tmux_window::available()) {
    const tmux_window window(here, "TERM=dumb " + top(run.folder), 80, 24);
    window.until_shown("rows/s  loss");
  }
  BOOST_CHECK_EQUAL(run.end().stopped_by, "command");
  const outcome told = lines.wait();
  BOOST_CHECK_EQUAL(told.status, 0);
  check_has(lines_of(told.out).front(), "s  training  epoch ");
  check_has(lines_of(told.out).back(), "stopped by command: ");
  BOOST_CHECK(!has(told.out, "\033"));
  const outcome given = objects.wait();
  BOOST_CHECK_EQUAL(given.status, 0);
  for (const std::string& line : lines_of(given.out)) {
    BOOST_CHECK_EQUAL(nlohmann::json::parse(line)["name"], "digits");
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_watched_is_one_line) {
  const workspace here;
  process_options in;
  in.folder = here.path();
  check_complaint(run_troupe({"top"}, in), 1, "no run is under way");
  check_complaint(run_troupe({"top", "--run", "nowhere"}, in), 2, "there is no such folder");
  check_complaint(run_troupe({"top", "--connect", "nobody"}, in), 2, "is no HOST:PORT");
}

BOOST_AUTO_TEST_SUITE_END()
