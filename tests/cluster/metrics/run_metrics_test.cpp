// What is made of a status for Prometheus, and of requests for it: no sockets.

#include "troupe/cluster/metrics/run_metrics.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include "cluster/metrics/example_status.hpp"
#include "cluster/workspace.hpp"
#include "troupe/actors/version.hpp"
#include "troupe/cluster/metrics/event_log.hpp"
#include "troupe/cluster/metrics/exposition.hpp"
#include "troupe/cluster/metrics/web_desk.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using json = nlohmann::ordered_json;
using namespace std::chrono_literals;

/// The lines of a text, each to be found whole.
std::set<std::string> set_of(const std::string& text) {
  const auto lines = lines_of(text);
  return {lines.begin(), lines.end()};
}

/// Names of the families of a text.
std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  for (const std::string& line : lines_of(text)) {
    const std::string mark = "# TYPE ";
    if (line.rfind(mark, 0) != 0) continue;
    const std::string name = line.substr(mark.size(), line.find(' ', mark.size()) - mark.size());
    BOOST_TEST(names.insert(name).second, name << " twice");
  }
  return names;
}

/// Names in the first column of tables of a page.
std::set<std::string> names_in_page(const std::string& page) {
  std::set<std::string> names;
  for (const std::string& line : lines_of(page)) {
    const std::string cell = line.substr(0, line.find('|', 1));
    if (cell.rfind("| `troupe_", 0) != 0) continue;
    for (auto at = cell.find("`troupe_"); at != std::string::npos; at = cell.find("`troupe_", at)) {
      const auto end = cell.find_first_of("`{", at + 1);
      names.insert(cell.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  return names;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

run_event event(const std::string& name, double time) {
  return {time, name, {{"worker", 1}}};
}

/// A desk whose source counts how often it is asked.
struct asked_desk {
  explicit asked_desk(const std::string& own = "127.0.0.1") {
    web_desk::sources from;
    from.status = [this] {
      ++asked;
      return status;
    };
    from.events = events;
    from.own_host = own;
    desk.emplace(std::move(from));
  }
  std::optional<http_answer> get(const std::string& target,
                                 const std::optional<std::string>& host = "127.0.0.1:9464") {
    return desk->answer({target, host}, now);
  }
  web_desk::clock::time_point now{1h};
  int asked = 0;
  std::string status = example_status().dump() + "\n";
  std::shared_ptr<event_log> events = std::make_shared<event_log>();
  std::optional<web_desk> desk;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_text)

BOOST_AUTO_TEST_CASE(the_format_is_that_of_prometheus) {
  exposition out;
  out.family("none", exposition::kind::gauge, "Not said.");
  out.family("some_total", exposition::kind::counter, "Two\nlines and a \\.");
  out.sample(3);
  out.sample(0.5, {{"node", "a \"b\"\\\n"}, {"empty", ""}, {"worker", "1"}});
  out.family("odd", exposition::kind::gauge, "Odd.");
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(), 1e21, 12345678901.0}) {
    out.sample(value);
  }
  BOOST_TEST(out.text() ==
             "# HELP some_total Two\\nlines and a \\\\.\n"
             "# TYPE some_total counter\n"
             "some_total 3\n"
             "some_total{node=\"a \\\"b\\\"\\\\\\n\",worker=\"1\"} 0.5\n"
             "# HELP odd Odd.\n"
             "# TYPE odd gauge\n"
             "odd NaN\nodd +Inf\nodd -Inf\nodd 1e+21\nodd 12345678901\n");
}

BOOST_AUTO_TEST_CASE(all_that_a_status_says_has_a_name) {
  const std::string text = run_metrics(example_status(), {{"rebalanced", 4}, {"started", 1}});
  const auto lines = set_of(text);
  for (const std::string& line :
       {std::string("troupe_build_info{version=\"") + version + "\"} 1",
        std::string("troupe_run_info{name=\"digits\",protocol=\"adag\",consistency=\"bounded\","
                    "compression=\"none\"} 1"),
        std::string("troupe_run_state{state=\"training\"} 1"),
        std::string("troupe_run_state{state=\"paused\"} 0"),
        std::string("troupe_rows_total 2500"),
        std::string("troupe_rows_goal 10000"),
        std::string("troupe_progress_ratio 0.25"),
        std::string("troupe_loss 0.25"),
        std::string("troupe_sent_bytes_total 1000000"),
        std::string("troupe_evaluation_loss{part=\"test\"} 0.3"),
        std::string("troupe_evaluation_metric{part=\"test\",metric=\"f1\"} 0.8"),
        std::string("troupe_checkpoints_total 2"),
        std::string("troupe_worker_rows_total{worker=\"0\",node=\"alpha\"} 2000"),
        std::string("troupe_worker_rows_total{worker=\"1\",node=\"beta\"} 500"),
        std::string("troupe_worker_wait_seconds_total{worker=\"0\",node=\"alpha\"} 3"),
        std::string("troupe_worker_state{worker=\"1\",node=\"beta\",state=\"ready\"} 1"),
        std::string("troupe_worker_state{worker=\"1\",node=\"beta\",state=\"lost\"} 0"),
        std::string("troupe_worker_windows_behind{worker=\"1\",node=\"beta\"} 30"),
        std::string("troupe_server_queue_messages{server=\"0\",node=\"alpha\"} 3"),
        std::string("troupe_server_state{server=\"1\",node=\"beta\",state=\"silent\"} 1"),
        std::string("troupe_slice_version{server=\"0\",node=\"alpha\",slice=\"2\"} 49"),
        std::string("troupe_slice_backups{server=\"0\",node=\"alpha\",slice=\"0\"} 1"),
        std::string("troupe_node_memory_bytes{node=\"alpha\"} 1073741824"),
        std::string("troupe_node_state{node=\"beta\",state=\"silent\"} 1"),
        std::string("troupe_events_total{event=\"rebalanced\"} 4")}) {
    BOOST_TEST(lines.count(line) == 1u, line);
  }
  // What is null is not there, and is not 0.
  BOOST_TEST(lines.count("troupe_worker_accuracy{worker=\"0\",node=\"alpha\"} 0.9") == 1u);
  BOOST_TEST(text.find("troupe_worker_accuracy{worker=\"1\"") == std::string::npos);
  BOOST_TEST(text.find("metric=\"auc\"") == std::string::npos);
  BOOST_TEST(text.find("troupe_server_queue_messages{server=\"1\"") == std::string::npos);
  // Each family says what it is, once, before its samples.
  BOOST_TEST(names_in(text).size() > 45u);
}

BOOST_AUTO_TEST_CASE(the_page_lists_what_there_is) {
  const auto there = names_in(run_metrics(example_status(), {{"started", 1}}));
  const auto listed = names_in_page(read(TROUPE_SOURCE_DIR "/docs/monitoring.md"));
  for (const std::string& name : there) BOOST_TEST(listed.count(name) == 1u, name << " not listed");
  for (const std::string& name : listed) BOOST_TEST(there.count(name) == 1u, name << " not there");
}

BOOST_AUTO_TEST_CASE(a_status_with_little_in_it_is_enough) {
  // Nodes are awaited: no supervisor has been asked.
  const std::string early =
      run_metrics({{"name", "long"}, {"state", "assembling"}, {"nodes", json::array()}}, {});
  BOOST_TEST(set_of(early).count("troupe_run_state{state=\"assembling\"} 1") == 1u);
  BOOST_TEST(early.find("troupe_rows_total") == std::string::npos);
  // A newer part of a cluster may be in states that are unknown here.
  const std::string odd =
      run_metrics({{"workers", json::array({{{"worker", 3}, {"state", "asleep"}}})}}, {});
  BOOST_TEST(set_of(odd).count("troupe_worker_state{worker=\"3\",state=\"asleep\"} 1") == 1u);
  BOOST_TEST(set_of(odd).count("troupe_worker_state{worker=\"3\",state=\"ready\"} 0") == 1u);
  for (const char* text :
       {"null", "[]", "7", R"({"workers": 7, "nodes": [7, null], "evaluation": []})",
        R"({"parameter_servers": [{"slices": 7}], "checkpoints": null, "rows": "many"})"}) {
    BOOST_TEST(run_metrics(json::parse(text), {}).find("troupe_build_info") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(events_are_counted_and_the_last_ones_kept) {
  event_log log;
  const auto behind = [&](std::uint64_t after) { return json::parse(log.behind(after)); };
  BOOST_TEST(behind(0) == json::parse(R"({"events": [], "next": 0})"));
  log.add(event("started", 0));
  log.add(event("rebalanced", 1.5));
  log.add(event("rebalanced", 2));
  BOOST_TEST(log.counts().at("rebalanced") == 2u);
  const json all = behind(0);
  BOOST_REQUIRE(all["events"].size() == 3u);
  BOOST_TEST(all["events"][1] == json::parse(R"({"time":1.5,"event":"rebalanced","worker":1})"));
  BOOST_TEST(all["next"] == 3);
  BOOST_TEST(behind(2)["events"].size() == 1u);
  BOOST_TEST(behind(3)["events"].empty());
  BOOST_TEST(behind(99)["events"].size() == 3u);  // of a process before this
  for (std::size_t i = 0; i < event_log::most_kept; ++i) log.add(event("checkpoint", 3));
  BOOST_TEST(behind(0)["events"].size() == event_log::most_kept);
  BOOST_TEST(behind(1)["events"].size() == event_log::most_kept);
  BOOST_TEST(behind(4)["events"].size() == event_log::most_kept - 1);
  BOOST_TEST(log.counts().at("started") == 1u);
}

BOOST_AUTO_TEST_CASE(many_who_ask_cost_one_status) {
  asked_desk of;
  const auto first = of.get("/metrics");
  BOOST_TEST_REQUIRE(first->status == 200u);
  BOOST_TEST(first->type == "text/plain; version=0.0.4; charset=utf-8");
  for (int i = 0; i < 100; ++i) {
    of.now += 2ms;
    BOOST_TEST(of.get("/metrics")->body == first->body);
    BOOST_TEST(*of.get("/status")->body == of.status);
  }
  BOOST_TEST(of.asked == 1);
  of.status = R"({"rows": 7})";
  of.now += 60ms;
  BOOST_TEST(set_of(*of.get("/metrics")->body).count("troupe_rows_total 7") == 1u);
  BOOST_TEST(of.asked == 2);
}

BOOST_AUTO_TEST_CASE(a_run_that_says_nothing_makes_no_numbers) {
  asked_desk of;
  for (const char* said : {R"({"error": "the run is over"})", "", "[]"}) {
    of.status = said;
    of.now += 1s;
    BOOST_TEST(of.get("/metrics")->status == 503u);
    BOOST_TEST(of.get("/status")->status == 503u);
    BOOST_TEST(*of.get("/status")->body == said);
  }
}

BOOST_AUTO_TEST_CASE(every_path_has_its_answer) {
  asked_desk of;
  of.events->add(event("started", 0));
  for (const char* path : {"/", "/?x", "/live.css", "/live.js", "/status?x=1", "/metrics"}) {
    BOOST_TEST(of.get(path)->status == 200u, path);
  }
  BOOST_TEST(of.get("/")->type == "text/html; charset=utf-8");
  for (const char* path : {"/events", "/events?after=0", "/events?after=", "/events?after=x",
                           "/events?after=-1", "/events?after=99999999999999999999"}) {
    BOOST_TEST(json::parse(*of.get(path)->body)["events"].size() == 1u, path);
  }
  BOOST_TEST(json::parse(*of.get("/events?after=1")->body)["events"].empty());
  for (const char* path : {"", "*", "/metrics/", "/METRICS", "/../etc/passwd", "//", "/stop"}) {
    BOOST_TEST(of.get(path)->status == 404u, path);
  }
  BOOST_TEST(!of.get("/end"));
}

BOOST_AUTO_TEST_CASE(only_this_machines_names_are_answered_on_loopback) {
  for (const char* own : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:9464", "127.9.9.9",
                          "[::1]", "[::1]:9464", "localhost.", "Watch.Here:1"}) {
    BOOST_TEST(is_own_host(own, "watch.here"), own);
  }
  for (const char* other :
       {"", "evil.example", "evil.example:9464", "127.0.0.1.evil.example", "127.evil.example",
        "localhost.evil.example", "10.0.0.1", "[::2]", "[::1", "127.0.0", "127.0.0.1.1", "0.0.0.0",
        "127..0.1", "127.0.0.1111"}) {
    BOOST_TEST(!is_own_host(other, "watch.here"), other);
  }
  asked_desk here;
  BOOST_TEST(here.get("/status", "evil.example")->status == 403u);
  BOOST_TEST(here.get("/end", "evil.example")->status == 403u);
  BOOST_TEST(here.asked == 0);
  BOOST_TEST(here.get("/status", std::nullopt)->status == 200u);  // HTTP/1.0
  asked_desk anywhere("");
  BOOST_TEST(anywhere.get("/status", "cluster.example")->status == 200u);
}

BOOST_AUTO_TEST_SUITE_END()
