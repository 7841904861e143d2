// The launcher `ssh`, through a real sshd.
#include <signal.h>

#include "cluster/launching.hpp"
#include "cluster/sshd.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

node_start node_on(const std::string& host, std::vector<std::string> arguments = {},
                   std::string input = "") {
  node_start start = node_named(host, std::move(arguments), std::move(input));
  start.node.host = host;
  return start;
}

std::unique_ptr<launcher> ssh_launcher(const workspace& here, const std::string& options,
                                       const std::string& program) {
  cluster_spec cluster;
  cluster.launcher = "ssh";
  cluster.launcher_options = options;
  return make_launcher(cluster, {program, here / "logs", {}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(launcher_ssh)

BOOST_AUTO_TEST_CASE(a_node_runs_over_there_with_its_input_and_arguments) {
  const auto server = ssh_server::start();
  if (!server) return;
  const workspace here;
  const auto nodes = ssh_launcher(
      here, server->options(),
      write_script(here, "node", "cat > $1\necho \"over $SSH_CONNECTION\"\necho \"$2\"\nexit 4\n"));
  const std::string input = "secret\n" + std::string(5000, 'x') + "\n";
  nodes->start(node_on("far", {here / "got", "it's $HOME; \"*\""}, input));
  BOOST_CHECK_EQUAL(end_of(*nodes), "far: exited with status 4");
  BOOST_CHECK_EQUAL(here.read("got"), input);
  const std::string last = nodes->last_lines("far");
  BOOST_CHECK_MESSAGE(last.rfind("over 127.0.0.1 ", 0) == 0, last);
  BOOST_CHECK_EQUAL(last.substr(last.find(" | ") + 3), "it's $HOME; \"*\"");
  BOOST_CHECK_EQUAL(here.read("logs/far.log").find("secret"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(several_nodes_run_at_a_time) {
  const auto server = ssh_server::start();
  if (!server) return;
  const workspace here;
  // Each waits for all the others.
  const auto nodes =
      ssh_launcher(here, server->options(),
                   write_script(here, "node",
                                "cd " + here.path() +
                                    "\ntouch here-$1\nfor n in a b c; do\n"
                                    "  until [ -e here-$n ]; do sleep 0.05; done\ndone\n"));
  for (const char* const name : {"a", "b", "c"}) nodes->start(node_on(name, {name}));
  for (const std::string& end : ends_of(*nodes, 3)) {
    BOOST_CHECK_EQUAL(end.substr(1), ": exited with status 0");
  }
}

BOOST_AUTO_TEST_CASE(a_host_that_cannot_be_reached_is_told_with_the_reason) {
  const auto server = ssh_server::start();
  if (!server) return;
  const workspace here;
  const std::string port = std::to_string(free_port());
  const auto refused = ssh_launcher(here, "-p " + port + " " + server->options(), "true");
  refused->start(node_on("far"));
  BOOST_CHECK_EQUAL(end_of(*refused), "far: exited with status 255");
  BOOST_CHECK_EQUAL(refused->last_lines("far"),
                    "ssh: connect to host 127.0.0.1 port " + port + ": Connection refused");

  const auto stranger =
      ssh_launcher(here, server->options() + " -o PubkeyAuthentication=no", "true");
  stranger->start(node_on("near"));
  BOOST_CHECK_EQUAL(end_of(*stranger), "near: exited with status 255");
  const std::string last = stranger->last_lines("near");
  BOOST_CHECK_MESSAGE(last.find("Permission denied") != std::string::npos, last);
}

BOOST_AUTO_TEST_CASE(a_program_that_is_missing_over_there_is_told) {
  const auto server = ssh_server::start();
  if (!server) return;
  const workspace here;
  const auto nodes = ssh_launcher(here, server->options(), "/nowhere/troupe");
  nodes->start(node_on("far"));
  BOOST_CHECK_EQUAL(end_of(*nodes), "far: exited with status 127");
  const std::string last = nodes->last_lines("far");
  BOOST_CHECK_MESSAGE(last.find("/nowhere/troupe") != std::string::npos, last);
}

BOOST_AUTO_TEST_CASE(stop_ends_the_client_and_the_node_finds_nobody_listening) {
  const auto server = ssh_server::start();
  if (!server) return;
  const workspace here;
  const auto nodes = ssh_launcher(
      here, server->options(),
      write_script(here, "node",
                   "trap '' PIPE\ntouch " + here / "ready" +
                       "\nwhile echo alive; do sleep 0.05; done\ntouch " + here / "alone" + "\n"));
  nodes->start(node_on("far"));
  BOOST_REQUIRE(comes_true([&] { return here.has("ready"); }));
  BOOST_CHECK(nodes->ended().empty());
  nodes->stop(0);
  const std::string end = end_of(*nodes);  // ssh ends itself when it is asked to, or is ended
  BOOST_CHECK_MESSAGE(
      end == "far: exited with status 255" || end.rfind("far: killed by signal 15", 0) == 0, end);
  BOOST_CHECK(comes_true([&] { return here.has("alone"); }));
}

BOOST_AUTO_TEST_SUITE_END()
