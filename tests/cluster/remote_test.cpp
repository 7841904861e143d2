#include <optional>

#include "cluster/tmux.hpp"
#include "cluster/workspace.hpp"

// Watching and steering a launched run from elsewhere: over TLS, with a certificate of its cluster.

using namespace troupe::testing;

namespace {

using json = nlohmann::json;

/// A run of several processes, far longer than any test, whose certificates are in <here>/certs.
class launched_run {
 public:
  explicit launched_run(const workspace& at) : here(at) {
    for (const char* of : {"certs", "others"}) {
      const outcome made =
          run_troupe({"certificates", here / of, "--host", "127.0.0.1", "--host", "me"});
      BOOST_TEST_REQUIRE(made.status == 0, made.err);
    }
    const auto tls = [&](const std::string& key, const std::string& file) {
      return "cluster.tls." + key + "=" + here / "certs/" + file;
    };
    run.emplace(std::vector<std::string>{
        "launch", here.write("job.yaml", quick_job), "--run", here / "run", "--set",
        "training.epochs=1000000", "--set", "training.evaluate_every=1000", "--set",
        tls("ca", "ca.pem"), "--set", tls("certificate", "127.0.0.1.pem"), "--set",
        tls("key", "127.0.0.1-key.pem")});
    BOOST_REQUIRE(run->wait_for("rows/s"));
    const std::string mark = "listening on ", said = run->so_far().err;
    const auto from = said.find(mark);
    BOOST_REQUIRE(from != std::string::npos);
    address = said.substr(from + mark.size(), said.find('\n', from) - from - mark.size());
  }

  /// How `command` asks from elsewhere, with credentials of `certs` or of `others`.
  std::vector<std::string> asked(const std::string& command,
                                 const std::string& folder = "certs") const {
    const auto file = [&](const std::string& name) { return here / (folder + "/" + name); };
    return {command,        "--connect",    address,
            "--tls-ca",     file("ca.pem"), "--tls-certificate",
            file("me.pem"), "--tls-key",    file("me-key.pem")};
  }

  const workspace& here;
  std::optional<process> run;
  std::string address;
};

void check_has(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, "'" << part << "' in: " << text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(remote)

BOOST_AUTO_TEST_CASE(a_launched_run_is_watched_and_ended_from_elsewhere) {
  const workspace here;
  launched_run of(here);
  auto ask = of.asked("status");
  ask.push_back("--json");
  const outcome told = run_troupe(ask);
  BOOST_TEST_REQUIRE(told.status == 0, told.err);
  BOOST_CHECK_EQUAL(json::parse(told.out)["state"], "training");
  check_has(run_troupe(of.asked("events")).out, "worker_joined");
  if (tmux_window::available()) {
    std::string command;
    for (const std::string& word : of.asked("top")) command += " " + word;
    const tmux_window window(here, std::string("'") + TROUPE_COMMAND + "'" + command, 100, 30);
    const std::string seen = window.until_shown(" training ");
    check_has(seen, "worker-1");
    window.press("q");
    window.until_shown("left with 0");
  }
  const outcome ended = run_troupe(of.asked("stop"));
  BOOST_TEST(ended.status == 0, ended.err);
  BOOST_CHECK_EQUAL(of.run->wait().status, 0);
  BOOST_CHECK_EQUAL(here.json("run/summary.json")["stopped_by"], "command");
}

BOOST_AUTO_TEST_CASE(without_a_certificate_of_its_cluster_nobody_is_answered) {
  const workspace here;
  launched_run of(here);
  for (const char* command : {"status", "top", "stop", "checkpoint"}) {
    for (const auto& words : {std::vector<std::string>{command, "--connect", of.address},
                              of.asked(command, "others")}) {
      const outcome refused = run_troupe(words);
      BOOST_CHECK_EQUAL(refused.status, 1);
      check_has(refused.err, of.address);
      BOOST_CHECK_EQUAL(lines_of(refused.err).size(), 1u);
      BOOST_CHECK_EQUAL(refused.out, "");
    }
  }
  BOOST_CHECK(of.run->alive());
  BOOST_CHECK_EQUAL(run_troupe({"stop", "--run", here / "run"}).status, 0);
  BOOST_CHECK_EQUAL(of.run->wait().status, 0);
}

BOOST_AUTO_TEST_SUITE_END()
