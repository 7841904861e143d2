#include <boost/test/unit_test.hpp>

#include "cli/monitor/plot.hpp"
#include "cli/monitor/run_tables.hpp"
#include "cluster/monitor_fixture.hpp"

// What the monitor's screens are made of: cells, plots, and what is read of a run.

using namespace troupe::cli;
using namespace troupe::testing;

namespace {

using json = nlohmann::ordered_json;
using points = std::vector<std::pair<double, double>>;

std::string drawn(const points& of, int width, int height, bool unicode) {
  grid on(width, height, unicode);
  draw_line(on, {0, 0, width, height}, of, look::loss);
  return on.text();
}

std::string bar(double share, bool unicode) {
  grid on(4, 1, unicode);
  draw_bar(on, 0, 0, 4, share, look::good);
  return on.line(0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(monitor_parts)

BOOST_AUTO_TEST_CASE(texts_are_cut_at_cells) {
  grid on(8, 2);
  BOOST_CHECK_EQUAL(on.put(1, 0, "abc"), 4);
  BOOST_CHECK_EQUAL(on.put(5, 0, "defgh"), 8);
  BOOST_CHECK_EQUAL(on.line(0), " abc de…");
  on.put(0, 1, "数字数字数字");  // two columns each
  BOOST_CHECK_EQUAL(on.line(1), "数字数…");
  on.put_right(8, 0, "1234", look::bad, 3);
  BOOST_CHECK_EQUAL(on.line(0), " abc 12…");
  BOOST_CHECK(on.at(5, 0).style == look::bad);
  on.put(-3, 5, "outside");
  on.put(7, 0, "e\u0301");  // an accent that joins
  BOOST_CHECK_EQUAL(on.line(0), " abc 12e");
  BOOST_CHECK_EQUAL(columns_of("e\u0301数"), 3);
  for (const char* wrong : {"\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe6\x95", "\x80"}) {
    for (const char32_t c : characters(wrong)) BOOST_CHECK(c == U'?');
  }
}

BOOST_AUTO_TEST_CASE(lines_fill_their_area) {
  BOOST_CHECK_EQUAL(drawn({{0, 0}, {1, 1}}, 2, 1, true), "⡠⠊\n");
  BOOST_CHECK_EQUAL(drawn({{0, 0}, {1, 1}}, 4, 2, false), "  .'\n.'\n");
  BOOST_CHECK_EQUAL(drawn({{0, 5}, {1, 5}}, 3, 1, true), "⠒⠒⠒\n");
  BOOST_CHECK_EQUAL(drawn({{3, 5}}, 2, 1, false), "''\n");
  BOOST_CHECK_EQUAL(drawn({}, 2, 1, true), "\n");
  // A step is drawn through, from top to bottom.
  BOOST_CHECK_EQUAL(drawn({{0, 1}, {1, 1}, {1.001, 0}, {2, 0}}, 4, 2, false), "''.\n  :.\n");
}

BOOST_AUTO_TEST_CASE(bars_have_eighths) {
  BOOST_CHECK_EQUAL(bar(0.5, true), "██··");
  BOOST_CHECK_EQUAL(bar(0.28125, true), "█▏··");
  BOOST_CHECK_EQUAL(bar(7, true), "████");
  BOOST_CHECK_EQUAL(bar(-1, true), "····");
  BOOST_CHECK_EQUAL(bar(0.6, false), "##..");
}

BOOST_AUTO_TEST_CASE(numbers_are_short) {
  for (const auto& [value, text] :
       {std::pair(0.4, "0"), std::pair(99999.0, "99999"), std::pair(123456.0, "123k"),
        std::pair(1.25e6, "1.2M"), std::pair(999.4e6, "999M"), std::pair(5e10, "50.0G")}) {
    BOOST_CHECK_EQUAL(short_number(value), text);
  }
}

BOOST_AUTO_TEST_CASE(rates_are_of_the_last_seconds) {
  run_watch watch;
  json status = pretended_status(2, 100);
  watch.take_status(status, 0);
  BOOST_CHECK_EQUAL(watch.view().rate.value(), 250);  // all there is: the mean of the run
  BOOST_CHECK(!watch.view().servers[0].bytes_in);
  // A thousand rows a second from now on.
  for (int second = 1; second <= 20; ++second) {
    status = pretended_status(2, 100 + second);
    status["rows"] = 25000 + 1000 * second;
    watch.take_status(status, second);
  }
  BOOST_CHECK_CLOSE(watch.view().rate.value(), 1000, 1e-6);
  BOOST_CHECK_CLOSE(watch.view().left.value(), 3, 1e-6);
  BOOST_CHECK_CLOSE(watch.view().servers[1].bytes_in.value(), 3e6, 1e-6);
  BOOST_CHECK_CLOSE(watch.view().servers[1].commits.value(), 7, 1e-6);
  // It goes back: nothing is negative.
  watch.take_status(pretended_status(2, 50), 21);
  BOOST_CHECK_EQUAL(watch.view().rate.value(), 250);
  BOOST_CHECK(!watch.view().servers[0].bytes_in);
  // A server that is silent for a while does not come back with all it ever sent.
  status = pretended_status(2, 51);
  status["parameter_servers"][0]["slices"] = json::array();
  watch.take_status(status, 22);
  BOOST_CHECK(!watch.view().servers[0].bytes_in);
  BOOST_CHECK(watch.view().servers[1].bytes_in);
  // While it is paused its time stands still.
  status = pretended_status(2, 51);
  status["state"] = "paused";
  watch.take_status(status, 50);
  BOOST_CHECK(!watch.view().left);
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_a_dash) {
  run_watch watch;
  json status = pretended_status(3);
  status["accuracy"] = nullptr;
  for (json& value : status["history"]["accuracy"]) value = nullptr;
  status["workers"][0] = {{"worker", 0}, {"state", "absent"}};
  status["workers"][2] = {{"worker", 2}, {"state", "lost"}, {"node", "beta"}};
  watch.take_status(status, 0);
  BOOST_CHECK(watch.view().accuracies.empty());
  BOOST_CHECK_EQUAL(watch.view().troubled, 1);
  BOOST_CHECK_EQUAL(watch.view().workers[2].state, "lost");
  layout_choice choice;
  const std::string text = draw(watch.view(), choice, 80, 24).text();
  BOOST_CHECK(text.find("accuracy 0.9958") == std::string::npos);
  const auto absent = text.find("absent");
  BOOST_REQUIRE(absent != std::string::npos);
  const std::string rest = text.substr(absent + 6, text.find('\n', absent) - absent - 6);
  BOOST_CHECK_EQUAL(rest.find_first_not_of(" -"), std::string::npos);
  // Nonsense is no picture, and no crash.
  for (const char* nonsense : {"[]", "{}", "3", "{\"workers\": 7, \"history\": []}",
                               "{\"workers\": [3, null], \"parameter_servers\": [[], {}]}"}) {
    watch.take_status(json::parse(nonsense), 1);
    watch.take_event(nonsense);
    draw(watch.view(), choice, 80, 24);
  }
  watch.take_event("{\"time\": ");
}

BOOST_AUTO_TEST_CASE(rows_that_are_moved_bit_by_bit_are_one_line) {
  run_watch watch;
  const auto moved = [&](int from, int to, int epoch, int rows) {
    watch.take_event(json{
        {"time", 1},
        {"event", "rebalanced"},
        {"from", from},
        {"to", to},
        {"epoch", epoch},
        {"rows", rows}}.dump());
  };
  moved(1, 0, 1, 8);
  moved(1, 0, 1, 8);
  moved(1, 2, 1, 8);
  moved(1, 2, 2, 4);
  moved(3, 2, 2, 4);
  watch.take_event(R"({"time":2,"event":"rebalanced","window_rows":[{"worker":0,"rows":30},
                       {"worker":1,"rows":10}]})");
  watch.take_event(R"({"time":3,"event":"worker_lost","worker":3,"reason":"gone"})");
  const auto& events = watch.view().events;
  BOOST_REQUIRE_EQUAL(events.size(), 5u);
  BOOST_CHECK_EQUAL(events[0].facts, "24 rows of epoch 1: worker 1 -> workers 0, 2");
  BOOST_CHECK_EQUAL(events[1].facts, "4 rows of epoch 2: worker 1 -> worker 2");
  BOOST_CHECK_EQUAL(events[3].facts, "rows a window, by worker: 30, 10");
  BOOST_CHECK_EQUAL(events[4].facts, "worker 3, reason gone");
  BOOST_CHECK(events[4].style == look::bad);
  for (std::size_t i = 0; i < 2 * run_watch::most_events; ++i) {
    watch.take_event(R"({"time":4,"event":"node_joined"})");
  }
  BOOST_CHECK_EQUAL(events.size(), run_watch::most_events);
}

BOOST_AUTO_TEST_CASE(columns_that_do_not_fit_are_left_out) {
  const run_watch watch = pretended_watch(4);
  const auto wide = sortable(worker_columns(watch.view(), 200, true));
  const auto narrow = sortable(worker_columns(watch.view(), 40, true));
  BOOST_CHECK_EQUAL(wide.front(), "worker");
  BOOST_CHECK_EQUAL(wide.size(), 13u);
  BOOST_CHECK_LT(narrow.size(), 6u);
  for (const char* head : {"worker", "state", "rows/s"}) {
    BOOST_CHECK(std::find(narrow.begin(), narrow.end(), head) != narrow.end());
  }
  // Where windows are shared out by speed they are what is moved.
  json status = pretended_status(4);
  for (json& w : status["workers"]) w["rows_moved_in"] = w["rows_moved_out"] = 0;
  status["workers"][1]["window_rows"] = 20;
  run_watch shared;
  shared.take_status(status, 0);
  const auto usual = sortable(worker_columns(shared.view(), 79, true));
  BOOST_CHECK(std::find(usual.begin(), usual.end(), "window") != usual.end());
  BOOST_CHECK(std::find(usual.begin(), usual.end(), "taken") == usual.end());
  // A column to sort by that is not shown any more sorts by number.
  const auto columns = worker_columns(watch.view(), 40, true);
  BOOST_CHECK_EQUAL(sorted(watch.view(), columns, "leased", false).front().number, 0);
  BOOST_CHECK_EQUAL(sorted(watch.view(), columns, "rows/s", false).front().number, 1);
  BOOST_CHECK_EQUAL(sorted(watch.view(), columns, "rows/s", true).front().number, 3);
}

BOOST_AUTO_TEST_SUITE_END()
