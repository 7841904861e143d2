// What the launchers run for a node, and what `manual` tells people to.
#include <algorithm>

#include "cluster/daemons.hpp"
#include "cluster/launching.hpp"
#include "troupe/cluster/launch/command_words.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(launcher_commands)

BOOST_AUTO_TEST_CASE(a_shell_reads_the_words_that_were_written) {
  const command_words line{"printf",        "[%s]", "",      "plain", "two words", "it's",
                           "$HOME `id` !x", "a\nb", "\"*\"", "~;&|>", "#x",        "back\\slash"};
  std::string expected;
  for (std::size_t i = 2; i < line.size(); ++i) expected += "[" + line[i] + "]";
  BOOST_CHECK_EQUAL(output_of(shell_command(line)), expected);
  BOOST_CHECK_EQUAL(shell_command({"/usr/bin/troupe", "--join", "10.0.0.1:7000"}),
                    "/usr/bin/troupe --join 10.0.0.1:7000");
}

BOOST_AUTO_TEST_CASE(ssh_asks_nothing_and_needs_no_terminal) {
  cluster_spec cluster;
  cluster.start_timeout = 7.2;
  cluster.launcher_options = " -p 2222  -o ConnectTimeout=3";
  node_spec node;
  node.host = "me@far";
  const command_words line = ssh_command(cluster, node, {"troupe", "node", "--name", "a b"});
  const command_words expected{"ssh",
                               "-p",
                               "2222",
                               "-o",
                               "ConnectTimeout=3",
                               "-T",
                               "-o",
                               "BatchMode=yes",
                               "-o",
                               "ConnectTimeout=8",
                               "--",
                               "me@far",
                               "exec troupe node --name 'a b'"};
  BOOST_TEST(line == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(slurm_gets_one_task_a_node) {
  cluster_spec cluster;
  cluster.launcher_options = "--partition=short --time=10";
  node_spec node;
  node.name = "beta";
  node.host = "n17";
  node.workers = 4;
  const command_words line = slurm_command(cluster, node, {"troupe", "node"}, false);
  const command_words expected{"srun",
                               "--nodes=1",
                               "--ntasks=1",
                               "--input=0",
                               "--mpi=none",
                               "--job-name=troupe-beta",
                               "--cpus-per-task=4",
                               "--nodelist=n17",
                               "--partition=short",
                               "--time=10",
                               "troupe",
                               "node"};
  BOOST_TEST(line == expected, boost::test_tools::per_element());
  node.workers = 0;
  for (const char* const anywhere : {"any", "", "127.0.0.1"}) {
    node.host = anywhere;
    const std::string inside = shell_command(slurm_command(cluster, node, {"troupe"}, true));
    BOOST_CHECK_EQUAL(inside,
                      "srun --nodes=1 --ntasks=1 --input=0 --mpi=none --job-name=troupe-beta "
                      "--cpus-per-task=1 --exact --mem=0 --partition=short --time=10 troupe");
  }
}

BOOST_AUTO_TEST_CASE(others_reach_a_node_by_its_host) {
  cluster_spec cluster;
  node_spec node;
  const auto host = [&](const char* launcher, const char* where) {
    cluster.launcher = launcher;
    node.host = where;
    return host_of(cluster, node);
  };
  cluster.listen = "0.0.0.0";
  BOOST_CHECK_EQUAL(host("local", "127.0.0.1"), "127.0.0.1");
  BOOST_CHECK_EQUAL(host("ssh", "far"), "far");
  BOOST_CHECK_EQUAL(host("ssh", "me@far"), "far");
  BOOST_CHECK_EQUAL(host("manual", "worker-0"), "worker-0");
  BOOST_CHECK_EQUAL(host("slurm", "n17"), "n17");
  BOOST_CHECK_EQUAL(host("slurm", "any"), "");
  // Then the node says it.
  const command_words line = slurm_command(cluster, node, {"printf", "[%s]", "node"}, false);
  const auto begin = std::find(line.begin(), line.end(), "sh");
  BOOST_CHECK_EQUAL(output_of(shell_command({begin, line.end()})),
                    "[node][--advertise][" + lines_of(output_of("uname -n")).front() + "]");
  // Whatever machine a job names: its nodes listen on one.
  cluster.listen = "127.0.0.1";
  BOOST_CHECK_EQUAL(host("slurm", "any"), "127.0.0.1");
  BOOST_CHECK_EQUAL(host("ssh", "me@far"), "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(a_launcher_whose_program_is_missing_says_so) {
  const workspace here;
  const environment_variable path("PATH", here.path());
  for (const auto& [name, program] : {std::pair{"ssh", "ssh"}, std::pair{"slurm", "srun"}}) {
    cluster_spec cluster;
    cluster.launcher = name;
    const std::string said = complaint_of([&] {
      make_launcher(cluster, {"troupe", here / "logs", {}});
    });
    BOOST_CHECK_MESSAGE(said.find(std::string("needs the program ") + program) != std::string::npos,
                        said);
    BOOST_CHECK(!here.has("logs"));
  }
}

BOOST_AUTO_TEST_CASE(manual_tells_what_to_run_where_and_waits) {
  const workspace here;
  cluster_spec cluster;
  cluster.launcher = "manual";
  std::vector<std::string> told;
  const auto nodes = make_launcher(cluster, {"/usr/bin/troupe", here / "logs",
                                             [&](const std::string& t) { told.push_back(t); }});
  node_start start = node_named("alpha", {"node", "--join", "far:7000", "--tls-ca", "my ca.pem"});
  start.node.host = "far-away";
  nodes->start(start);
  BOOST_REQUIRE_EQUAL(told.size(), 1u);
  BOOST_CHECK_EQUAL(told[0],
                    "for node alpha, run on far-away:\n"
                    "  /usr/bin/troupe node --join far:7000 --tls-ca 'my ca.pem'");
  BOOST_CHECK(nodes->ended().empty());
  BOOST_CHECK_EQUAL(nodes->last_lines("alpha"), "");
  nodes->stop(60);  // at once: there is nothing to wait for
}

BOOST_AUTO_TEST_SUITE_END()
