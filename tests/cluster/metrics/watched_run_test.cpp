// Runs that are watched over HTTP, as their users start them.

#include <signal.h>

#include "cluster/metrics/http_client.hpp"
#include "cluster/workspace.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

using json = nlohmann::json;

std::string program(const std::string& name) {
  const std::string path = "/usr/bin/" + name;
  return std::filesystem::exists(path) ? path : "";
}

/// A run far longer than any test, watched at a port that the system chose.
class watched_run {
 public:
  explicit watched_run(const workspace& here, const std::string& command = "train",
                       std::vector<std::string> more = {}) {
    const std::string job = here.write("job.yaml", quick_job + "metrics: {listen: 127.0.0.1:0}\n");
    std::vector<std::string> arguments = {command, job, "--run", here / "run"};
    for (const char* set : {"training.epochs=1000000", "training.evaluate_every=20",
                            "supervisor.checkpoint.every_seconds=0.3"}) {
      arguments.insert(arguments.end(), {"--set", set});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    run.emplace(arguments);
    BOOST_REQUIRE_MESSAGE(run->wait_for("rows/s"), run->so_far().err);
    const std::string mark = "metrics and live page at http://127.0.0.1:";
    const std::string& said = run->so_far().err;
    const auto at = said.find(mark);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, said);
    port = static_cast<std::uint16_t>(std::stoi(said.substr(at + mark.size())));
    url = "http://127.0.0.1:" + std::to_string(port) + "/";
  }
  /// The number behind a name and its labels; -1: there is none.
  double number(const std::string& series) const {
    const http_reply scraped = http_get(port, "/metrics");
    for (const std::string& line : lines_of(scraped.body)) {
      if (line.rfind(series + " ", 0) == 0) return std::stod(line.substr(series.size() + 1));
    }
    return -1;
  }
  outcome stop() {
    run->signal(SIGINT);
    return run->wait();
  }
  std::optional<process> run;
  std::uint16_t port = 0;
  std::string url;
};

void check_promtool(const std::string& scraped) {
  if (program("promtool").empty()) {
    BOOST_TEST_MESSAGE("skipped: there is no promtool");
    return;
  }
  process_options options;
  options.program = program("promtool");
  options.input = scraped;
  const outcome checked = process({"check", "metrics"}, options).wait();
  BOOST_TEST(checked.status == 0, checked.out << checked.err);
  BOOST_TEST(checked.out + checked.err == "");
}

/// As a program that takes a free port and says which.
std::uint16_t port_of_process(process& running) {
  std::uint16_t port = 0;
  BOOST_REQUIRE(becomes_true([&] {
    const auto ports = listening(running.id());
    if (!ports.empty()) port = ports.front().port;
    return port != 0 || running.ended();
  }));
  BOOST_REQUIRE_MESSAGE(port != 0, running.so_far().err);
  return port;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watched_runs)

BOOST_AUTO_TEST_CASE(a_run_is_scraped_while_it_trains) {
  const workspace here;
  watched_run run(here);
  const http_reply scraped = http_get(run.port, "/metrics");
  BOOST_TEST(scraped.status == 200);
  BOOST_TEST(scraped.has("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  check_promtool(scraped.body);
  BOOST_TEST(run.number("troupe_run_state{state=\"training\"}") == 1);
  const double rows = run.number("troupe_rows_total");
  BOOST_TEST(rows > 0);
  BOOST_TEST(becomes_true([&] { return run.number("troupe_rows_total") > rows; }));
  for (const char* series :
       {"troupe_worker_samples_per_second{worker=\"1\"}", "troupe_checkpoints_total",
        "troupe_worker_window_seconds_total{worker=\"0\"}", "troupe_evaluation_loss{part=\"test\"}",
        "troupe_evaluation_metric{part=\"test\",metric=\"accuracy\"}",
        "troupe_slice_version{server=\"0\",slice=\"0\"}",
        "troupe_events_total{event=\"checkpoint\"}"}) {
    BOOST_TEST(becomes_true([&] { return run.number(series) > 0; }), series);
  }
  BOOST_TEST(run.number("troupe_events_total{event=\"metrics_listening\"}") == 1);
  // Told in the three places where people look.
  const outcome asked = run_troupe({"status", "--run", here / "run", "--json"});
  const json status = json::parse(asked.out);
  BOOST_TEST(status["metrics_url"] == run.url);
  const json first = here.json_lines("run/events.jsonl").front();
  BOOST_TEST(first["event"] == "metrics_listening");
  BOOST_TEST(first["url"] == run.url);
  // The same keys, whichever way one asks.
  const json served = json::parse(http_get(run.port, "/status").body);
  for (const auto& [key, value] : status.items()) BOOST_TEST(served.contains(key), key);
  BOOST_TEST(served["workers"].size() == 2u);
  for (const json& w : served["workers"]) {
    BOOST_TEST(w["seconds_waited"].get<double>() >= 0);
    BOOST_TEST(w["seconds"].get<double>() > w["seconds_waited"].get<double>());
  }
  BOOST_TEST(served["checkpoints"]["written"] > 0);
  BOOST_TEST(served["checkpoints"]["rows"] <= served["rows"]);
  BOOST_TEST(served["evaluation"]["metrics"]["accuracy"] == served["evaluation"]["accuracy"]);
  BOOST_TEST(http_get(run.port, "/").has("Content-Type: text/html"));
  BOOST_TEST(http_get(run.port, "/nothing").status == 404);
  BOOST_TEST(http_say(run.port, get_line("/status", "evil.example")).status == 403);
  // Who waits for the end is told how the run ended.
  const raw_socket waits = raw_socket::to(run.port);
  waits.send(get_line("/end"));
  run.run->signal(SIGINT);
  const json end = json::parse(read_reply(waits).body);
  BOOST_TEST(end["stopped_by"] == "interrupted");
  BOOST_TEST(end["test_accuracy"].is_number());
  BOOST_TEST(run.run->wait().status == 130);
  BOOST_CHECK_THROW(raw_socket::to(run.port), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_launched_run_tells_of_its_nodes) {
  const workspace here;
  watched_run run(here, "launch");
  check_promtool(http_get(run.port, "/metrics").body);
  BOOST_TEST(run.number("troupe_node_state{node=\"worker-0\",state=\"here\"}") == 1);
  BOOST_TEST(becomes_true(
      [&] { return run.number("troupe_worker_rows_total{worker=\"1\",node=\"worker-1\"}") > 0; }));
  BOOST_TEST(run.number("troupe_server_state{server=\"0\",node=\"servers\",state=\"ready\"}") == 1);
  BOOST_TEST(run.stop().status == 130);
}

BOOST_AUTO_TEST_CASE(prometheus_scrapes_a_run_and_answers) {
  if (program("prometheus").empty()) {
    BOOST_TEST_MESSAGE("skipped: there is no prometheus");
    return;
  }
  const workspace here;
  watched_run run(here);
  here.write("prometheus.yml",
             "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
             "scrape_configs:\n"
             "  - job_name: troupe\n"
             "    static_configs: [{targets: ['127.0.0.1:" +
                 std::to_string(run.port) + "']}]\n");
  process_options options;
  options.program = program("prometheus");
  process prometheus(
      {"--config.file=" + (here / "prometheus.yml"), "--storage.tsdb.path=" + (here / "data"),
       "--web.listen-address=127.0.0.1:0", "--log.level=error"},
      options);
  const std::uint16_t port = port_of_process(prometheus);
  const auto query = [&](const std::string& what) {
    const http_reply got =
        http_say(port, "GET /api/v1/query?query=" + what + " HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    const json answer = json::parse(got.body, nullptr, false);
    if (!answer.is_object() || answer.value("status", "") != "success") return json::array();
    return json(answer["data"]["result"]);
  };
  BOOST_TEST(becomes_true([&] {
    const json rows = query("sum(troupe_worker_rows_total)");
    return rows.size() == 1 && std::stod(rows[0]["value"][1].get<std::string>()) > 0;
  }));
  const json workers = query("troupe_worker_samples_per_second");
  BOOST_REQUIRE(workers.size() == 2u);
  BOOST_TEST(workers[1]["metric"]["worker"] == "1");
  BOOST_TEST(workers[1]["metric"]["job"] == "troupe");
  // A rate takes two scrapes.
  BOOST_TEST(becomes_true([&] {
    const json speed = query("rate(troupe_rows_total%5B30s%5D)");
    return speed.size() == 1 && std::stod(speed[0]["value"][1].get<std::string>()) > 0;
  }));
  BOOST_TEST(query("up")[0]["value"][1] == "1");
  prometheus.signal(SIGTERM);
  BOOST_TEST(prometheus.wait().status == 0);
  BOOST_TEST(run.stop().status == 130);
}

BOOST_AUTO_TEST_CASE(strangers_do_the_run_no_harm) {
  const workspace here;
  watched_run run(here);
  std::vector<raw_socket> strangers;
  for (int i = 0; i < 300; ++i) {
    strangers.push_back(raw_socket::to(run.port));
    const raw_socket& one = strangers.back();
    if (i % 4 == 0) one.send("GET /metrics HTTP/1.1\r\nHo");
    if (i % 4 == 1) one.send(std::string(20000, static_cast<char>(i)));
    if (i % 4 == 2) one.send(get_line("/metrics"));  // and does not read
  }
  const double rows = run.number("troupe_rows_total");
  BOOST_TEST(rows > 0);
  BOOST_TEST(becomes_true([&] { return run.number("troupe_rows_total") > rows; }));
  BOOST_TEST(open_descriptors(run.run->id()) < 150u);
  const outcome done = run.stop();
  BOOST_TEST(done.status == 130, done.err);
  BOOST_TEST(here.json("run/summary.json")["stopped_by"] == "interrupted");
}

BOOST_AUTO_TEST_CASE(addresses_that_cannot_be_had_are_one_line) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job + "metrics: {listen: 127.0.0.1:0}\n");
  const auto with = [&](const std::string& listen, const char* command = "train") {
    return run_troupe(
        {command, job, "--quiet", "--run", here / "run", "--set", "metrics.listen=" + listen});
  };
  const raw_socket taken = raw_socket::listening();
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  for (const char* command : {"train", "launch"}) {
    check_complaint(with(address, command), 1, address + ": cannot listen: Address already in use");
  }
  check_complaint(with("0.0.0.0:0"), 2, "--set metrics.listen=0.0.0.0:0: listening on '0.0.0.0'");
  check_complaint(with("0.0.0.0:0"), 2, "set metrics.beyond_loopback: true");
  check_complaint(with("\"[::]:0\""), 2, "set metrics.beyond_loopback: true");
  for (const char* wrong : {"9464", "127.0.0.1", "\"127.0.0.1:\"", ":1", "127.0.0.1:65536", "a b:1",
                            "\"::1:0\"", "http://localhost:1", "127.0.0.1:-1"}) {
    check_complaint(with(wrong), 2, "is no HOST:PORT");
  }
  check_complaint(with("127.0.0.1.no-such-host.invalid:0"), 1, "no-such-host.invalid");
  BOOST_TEST(!here.has("run"));
  // Where it is meant, it is done: to be read without encryption.
  const outcome open =
      run_troupe({"train", job, "--run", here / "run", "--set", "metrics.listen=0.0.0.0:0", "--set",
                  "metrics.beyond_loopback=true"});
  BOOST_TEST(open.status == 0, open.err);
  BOOST_TEST(open.err.find("live page at http://0.0.0.0:") != std::string::npos, open.err);
}

BOOST_AUTO_TEST_CASE(without_the_section_nobody_listens) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job + "metrics:\n");
  const outcome done = run_troupe({"train", job, "--run", here / "run"});
  BOOST_TEST(done.status == 0, done.err);
  BOOST_TEST(done.err.find("live page") == std::string::npos);
  BOOST_TEST(here.read("run/events.jsonl").find("metrics_listening") == std::string::npos);
  BOOST_TEST(here.read("run/job.yaml").find("listen") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_program_may_be_watched_without_a_folder) {
  const auto known = troupe::catalogue::builtin();
  const troupe::job of = troupe::parse_job(
      quick_job, "quick.yaml", {"training.epochs=1000000", "metrics.listen=127.0.0.1:0"}, known);
  troupe::train_options options;
  troupe::run_control control;
  options.control = &control;
  std::string url;
  json status;
  std::string scraped;
  options.observer.on_event = [&](const troupe::run_event& e) {
    if (e.name == "metrics_listening") url = e.facts["url"];
    if (e.name != "started") return;
    status = json::parse(http_get(port_of(url), "/status").body);
    scraped = http_get(port_of(url), "/metrics").body;
    control.stop();
  };
  BOOST_TEST(troupe::train(of, options, known).stopped_by == "command");
  BOOST_TEST(status["name"] == "quick");
  BOOST_TEST(scraped.find("troupe_run_info{name=\"quick\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
