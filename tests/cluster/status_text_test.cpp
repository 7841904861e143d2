#include <boost/test/unit_test.hpp>

#include "cli/status_text.hpp"
#include "cluster/process.hpp"

// What people read of a run's status.

using namespace troupe::cli;
using troupe::testing::lines_of;

namespace {

using json = nlohmann::ordered_json;

json worker(int number, double speed, const char* state = "ready") {
  return {{"worker", number},
          {"node", ""},
          {"state", state},
          {"incarnation", 1},
          {"rows", 4000},
          {"mini_batches", 200},
          {"commits", 40},
          {"samples_per_second", speed},
          {"staleness", 1.25},
          {"rows_leased", 100},
          {"seconds_since_report", 0.26}};
}

json slice(int number, int version, double bytes) {
  return {{"slice", number},
          {"version", version},
          {"commits", version},
          {"bytes_received", bytes},
          {"bytes_sent", 2 * bytes}};
}

json a_status() {
  json s = {{"name", "digits"},
            {"protocol", "adag"},
            {"consistency", "bounded"},
            {"compression", "none"},
            {"state", "training"},
            {"seconds", 12.04},
            {"epoch", 2},
            {"epochs", 5},
            {"rows", 10000},
            {"total_rows", 40000},
            {"samples_per_second", 1000},
            {"loss", 0.25},
            {"accuracy", nullptr},
            {"commits", 99},
            {"mean_staleness", 1.5}};
  s["workers"] = {worker(0, 1000), worker(1, 1100), worker(2, 900)};
  s["parameter_servers"] = {
      {{"parameter_server", 0},
       {"node", ""},
       {"state", "ready"},
       {"slices", {slice(0, 40, 1e6), slice(1, 41, 2e6), slice(2, 39, 3e6)}}}};
  s["nodes"] = json::array();
  return s;
}

std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string& line : lines_of(text)) {
    if (line.find(part) != std::string::npos) return line;
  }
  BOOST_ERROR("'" << part << "' is not in:\n" << text);
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_texts)

BOOST_AUTO_TEST_CASE(a_run_in_which_all_is_well) {
  BOOST_CHECK_EQUAL(status_text(a_status(), false, true),
                    "digits: training, epoch 2 of 5, 10000 of 40000 rows (25 %), 0:30 left\n"
                    "adag, bounded: 12.0 s, 1000 rows/s, 99 commits, mean staleness 1.50\n"
                    "last windows: loss 0.2500, accuracy -\n"
                    "\n"
                    "worker  state  rows  mini-batches  rows/s  staleness  leased   reported\n"
                    "0       ready  4000           200    1000       1.25     100  0.3 s ago\n"
                    "1       ready  4000           200    1100       1.25     100  0.3 s ago\n"
                    "2       ready  4000           200     900       1.25     100  0.3 s ago\n"
                    "\n"
                    "server  state  slices  version  commits  MB received  MB sent\n"
                    "0       ready       3   39..41   39..41          6.0     12.0\n");
}

BOOST_AUTO_TEST_CASE(who_does_not_keep_up_stands_out) {
  json s = a_status();
  s["workers"] = {
      worker(0, 1000),           worker(1, 300),  worker(2, 1200), worker(3, 1000, "lost"),
      worker(4, 1000, "silent"), worker(5, 1000), worker(6, 900)};
  s["workers"][5]["seconds_since_report"] = 9.5;  // its windows take 0.1 s
  s["workers"][6]["incarnation"] = 3;
  const std::string text = status_text(s, false, false);
  BOOST_CHECK_EQUAL(line_with(text, "not keeping up"), "not keeping up: workers 1, 3, 4, 5 of 7");
  BOOST_CHECK(has(text, "0.3 s ago  <- slow: 0.30 of the median\n"));
  BOOST_CHECK(has(text, "0.3 s ago  <- lost\n"));
  BOOST_CHECK(has(text, "0.3 s ago  <- silent\n"));
  BOOST_CHECK(has(text, "9.5 s ago  <- quiet: a window takes 0.1 s\n"));
  BOOST_CHECK(has(text, "ready (3.)"));
  BOOST_CHECK(has(status_text(s, false, true), "\033[1;31m<- lost\033[0m\n"));
  // Long windows are reported rarely; whoever holds nothing, and a run that ends, not at all.
  s["workers"][5]["rows"] = 4000 * 40;
  BOOST_CHECK(!has(status_text(s, false, false), "quiet"));
  s["workers"][5]["rows"] = 4000;
  s["workers"][5]["rows_leased"] = 0;
  BOOST_CHECK(!has(status_text(s, false, false), "quiet"));
  s["workers"][5]["rows_leased"] = 1;
  s["state"] = "finishing";
  BOOST_CHECK(!has(status_text(s, false, false), "quiet"));
  BOOST_CHECK(!has(status_text(s, false, false), "left"));
}

BOOST_AUTO_TEST_CASE(one_worker_is_compared_with_nobody) {
  json s = a_status();
  s["workers"] = {worker(0, 10), worker(1, 1000, "lost")};
  const std::string text = status_text(s, false, false);
  BOOST_CHECK(!has(text, "slow"));
  BOOST_CHECK_EQUAL(line_with(text, "not keeping up"), "not keeping up: worker 1 of 2");
}

BOOST_AUTO_TEST_CASE(nodes_and_slices) {
  json s = a_status();
  s["workers"][0]["node"] = "alpha";
  s["workers"][1]["node"] = "beta";
  s["parameter_servers"][0]["node"] = "alpha";
  s["nodes"] = {{{"node", "alpha"}, {"state", "here"}, {"workers", {0, 2}}, {"memory", 1.5}},
                {{"node", "beta"}, {"state", "away"}, {"workers", {1}}, {"memory", nullptr}}};
  const std::string text = status_text(s, true, false);
  BOOST_CHECK_EQUAL(line_with(text, "worker  node"),
                    "worker  node   state  rows  mini-batches  rows/s  staleness  leased   "
                    "reported");
  BOOST_CHECK_EQUAL(line_with(text, "beta   ready").substr(0, 20), "1       beta   ready");
  BOOST_CHECK_EQUAL(line_with(text, "MB sent"),
                    "server  node   state  slice  version  commits  MB received  MB sent");
  BOOST_CHECK_EQUAL(line_with(text, "41"),
                    "0       alpha  ready      1       41       41          2.0      4.0");
  BOOST_CHECK_EQUAL(line_with(text, "away"), "beta   away   1        -");
  BOOST_CHECK_EQUAL(line_with(text, "here"), "alpha  here   0,2      1.5");
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_of_another_type_is_a_dash) {
  BOOST_CHECK(has(status_text({{"name", "early"}, {"state", "assembling"}}, false, false),
                  "early: assembling"));
  for (const json& odd : {json(nullptr), json(3), json::array(), json("text"), json::object(),
                          json{{"workers", 3}, {"parameter_servers", "x"}, {"nodes", {1, 2}}},
                          json{{"workers", {1, nullptr}}, {"parameter_servers", {{{"slices", 3}}}}},
                          json{{"name", {1}}, {"rows", "many"}, {"nodes", {{{"a", 1}}, 2}}}}) {
    BOOST_CHECK(has(status_text(odd, true, true), "-"));
    BOOST_CHECK(has(status_text(odd, false, false), "-"));
  }
}

BOOST_AUTO_TEST_CASE(events_with_their_facts) {
  BOOST_CHECK_EQUAL(event_text({{"time", 1.234}, {"event", "started"}}), "     1.23 s  started");
  BOOST_CHECK_EQUAL(event_text({{"time", 100}, {"event", "lost"}, {"worker", 2}, {"why", "gone"}}),
                    "   100.00 s  lost                 worker 2, why gone");
  BOOST_CHECK(has(event_text({{"other", {1, 2.5}}}), "other 1,2.5"));
}

BOOST_AUTO_TEST_SUITE_END()
