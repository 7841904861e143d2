// The launcher `slurm`, through a real Slurm on this machine.
#include <signal.h>

#include "cluster/launching.hpp"
#include "cluster/slurm.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

node_start node_on(const std::string& host, const std::string& name,
                   std::vector<std::string> arguments = {}, std::string input = "") {
  node_start start = node_named(name, std::move(arguments), std::move(input));
  start.node.host = host;
  return start;
}

std::unique_ptr<launcher> slurm_launcher(const workspace& here, const std::string& program) {
  cluster_spec cluster;
  cluster.launcher = "slurm";
  return make_launcher(cluster, {program, here / "logs", {}});
}

/// Takes its time to start, so the cases share it.
struct with_slurm {
  with_slurm() {
    if (!asked) cluster = slurm_cluster::start();
    asked = true;
  }
  static inline bool asked = false;
  static inline std::unique_ptr<slurm_cluster> cluster;
  const workspace here;
};

/// Ends it before the program's end, when the environment and the like are still there.
struct last_of_slurm {
  ~last_of_slurm() { with_slurm::cluster.reset(); }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(last_of_slurm);
BOOST_FIXTURE_TEST_SUITE(launcher_slurm, with_slurm)

BOOST_AUTO_TEST_CASE(a_node_is_a_task_with_its_input_and_arguments) {
  if (!cluster) return;
  const auto nodes = slurm_launcher(
      here, write_script(here, "node",
                         "cat > \"$1\"\necho $SLURMD_NODENAME $SLURM_JOB_NAME $SLURM_CPUS_PER_TASK "
                         "$SLURM_NTASKS \"$2\"\nexit 4\n"));
  const std::string input = "secret\n" + std::string(5000, 'x') + "\n";
  node_start start = node_on("beta", "first", {here / "got", "it's $HOME"}, input);
  start.node.workers = 3;
  nodes->start(start);
  BOOST_CHECK_EQUAL(end_of(*nodes), "first: exited with status 4");
  BOOST_CHECK_EQUAL(here.read("got"), input);
  const std::string log = here.read("logs/first.log");
  BOOST_CHECK_EQUAL(lines_of(log).front(), "beta troupe-first 3 1 it's $HOME");
  BOOST_CHECK_EQUAL(log.find("secret"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_host_that_slurm_does_not_know_is_told) {
  if (!cluster) return;
  const auto nodes = slurm_launcher(here, "true");
  nodes->start(node_on("gamma", "first"));
  BOOST_CHECK_EQUAL(end_of(*nodes), "first: exited with status 1");
  const std::string last = nodes->last_lines("first");
  BOOST_CHECK_MESSAGE(last.find("Invalid node name") != std::string::npos, last);
}

BOOST_AUTO_TEST_CASE(stop_cancels_the_task) {
  if (!cluster) return;
  const auto nodes =
      slurm_launcher(here, write_script(here, "node",
                                        "trap '' TERM\necho $$ > " + here / "id" + "\ntouch " +
                                            here / "ready" + "\nsleep 1000\nsleep 1000\n"));
  nodes->start(node_on("any", "first"));
  BOOST_REQUIRE(comes_true([&] { return here.has("ready"); }));
  const pid_t id = std::stoi(here.read("id"));
  BOOST_CHECK(kill(id, 0) == 0);
  nodes->stop(0);
  BOOST_CHECK(comes_true([&] { return kill(id, 0) != 0; }));
  BOOST_CHECK(comes_true([] { return cluster->jobs().empty(); }));
}

BOOST_AUTO_TEST_CASE(stop_takes_a_waiting_task_out_of_the_queue) {
  if (!cluster) return;
  const auto nodes = slurm_launcher(here, write_script(here, "node", "exec sleep 1000\n"));
  for (const char* const name : {"first", "second"}) {
    node_start start = node_on("alpha", name);
    start.node.workers = 8;  // all there are
    nodes->start(start);
  }
  BOOST_REQUIRE(comes_true([&] {
    const std::string last = nodes->last_lines("first") + nodes->last_lines("second");
    return last.find("queued and waiting for resources") != std::string::npos;
  }));
  nodes->stop(0);
  BOOST_CHECK(comes_true([] { return cluster->jobs().empty(); }));
}

BOOST_AUTO_TEST_CASE(inside_a_job_nodes_share_what_it_was_given) {
  if (!cluster) return;
  const std::string said = output_of("salloc --no-shell --nodes=2 --cpus-per-task=8 --mem=400");
  const std::string granted = "Granted job allocation ";
  BOOST_REQUIRE_MESSAGE(said.find(granted) != std::string::npos, said);
  const std::string job =
      std::to_string(std::stoi(said.substr(said.find(granted) + granted.size())));
  // As in the job's script. The memory would be that of each step.
  const environment_variable id("SLURM_JOB_ID", job), memory("SLURM_MEM_PER_NODE", "400");
  // Each waits for all the others.
  const auto nodes =
      slurm_launcher(here, write_script(here, "node",
                                        "cd " + here.path() +
                                            "\necho $SLURMD_NODENAME $SLURM_JOB_ID\ntouch here-$1\n"
                                            "for n in a b c d; do\n"
                                            "  until [ -e here-$n ]; do sleep 0.05; done\ndone\n"));
  for (const char* const name : {"a", "b", "c", "d"}) {
    node_start start = node_on(name < std::string("c") ? "alpha" : "any", name, {name});
    start.node.workers = 2;
    nodes->start(start);
  }
  for (const std::string& end : ends_of(*nodes, 4)) {
    BOOST_CHECK_EQUAL(end.substr(1), ": exited with status 0");
  }
  for (const char* const name : {"a", "b"}) {
    BOOST_CHECK_EQUAL(nodes->last_lines(name), "alpha " + job);
  }
  output_of("scancel " + job);
}

BOOST_AUTO_TEST_SUITE_END()
