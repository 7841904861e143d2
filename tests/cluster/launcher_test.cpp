// The launcher `local`.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "cluster/launching.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::unique_ptr<launcher> local_launcher(const workspace& here, const std::string& program) {
  return make_launcher({}, {program, here / "logs", {}});
}

/// What a program that ends by itself writes, as a node.
std::string output_of_node(const std::string& program, std::vector<std::string> arguments) {
  const workspace here;
  const auto nodes = local_launcher(here, program);
  nodes->start(node_named("alpha", std::move(arguments)));
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 0");
  return here.read("logs/alpha.log");
}

bool wait_for_file(const workspace& here, const std::string& name) {
  return comes_true([&] { return here.has(name); });
}

bool exists(pid_t id) {
  return kill(id, 0) == 0;
}

/// Whether a process of this group runs. Of those that nobody has waited for yet, none does.
bool group_runs(pid_t group) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    std::getline(file, text);
    std::istringstream after_name(text.substr(std::min(text.size(), text.rfind(')') + 1)));
    char state = 0;
    pid_t parent = 0, its_group = 0;
    after_name >> state >> parent >> its_group;
    if (its_group == group && state != 'Z') return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(launcher_local)

BOOST_AUTO_TEST_CASE(a_node_gets_its_input_and_arguments_and_its_end_is_told) {
  const workspace here;
  const std::string script =
      write_script(here, "node", "cat > \"$1\"\necho out\necho \"err $2\" >&2\nexit 3\n");
  const auto nodes = local_launcher(here, script);
  const std::string input = "one line\n" + std::string(5000, 'x') + "\nno end of line";
  nodes->start(node_named("alpha", {here / "got", "two words"}, input));
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 3");
  BOOST_CHECK_EQUAL(here.read("got"), input);
  BOOST_CHECK_EQUAL(here.read("logs/alpha.log"), "out\nerr two words\n");
  BOOST_CHECK_EQUAL(nodes->last_lines("alpha"), "out | err two words");
  BOOST_CHECK(nodes->ended().empty());  // told once
}

BOOST_AUTO_TEST_CASE(each_node_has_its_own_log_and_end) {
  const workspace here;
  const auto nodes =
      local_launcher(here, write_script(here, "node", "echo I am $1\n[ $1 = b ] && kill -9 $$\n"));
  for (const char* const name : {"a", "b"}) nodes->start(node_named(name, {name}));
  auto ends = ends_of(*nodes, 2);
  std::sort(ends.begin(), ends.end());
  BOOST_CHECK_EQUAL(ends[0], "a: exited with status 1");
  BOOST_CHECK_EQUAL(ends[1], "b: killed by signal 9 (Killed)");
  BOOST_CHECK_EQUAL(nodes->last_lines("a"), "I am a");
  BOOST_CHECK_EQUAL(nodes->last_lines("b"), "I am b");
  BOOST_CHECK_EQUAL(nodes->last_lines("c"), "");
}

BOOST_AUTO_TEST_CASE(last_lines_are_a_few_that_say_something) {
  const workspace here;
  const auto nodes = local_launcher(here, write_script(here, "node", "printf \"$1\"\n"));
  nodes->start(node_named("alpha", {"1\\n2\\n3\\n4\\n\\n5\\r\\n  \\n6\\t\\033[1mx\\n7"}));
  end_of(*nodes);
  BOOST_CHECK_EQUAL(nodes->last_lines("alpha"), "3 | 4 | 5 | 6  [1mx | 7");
  // Started anew, it appends to its log; what it wrote before is not its last word.
  nodes->start(node_named("alpha"));
  end_of(*nodes);
  BOOST_CHECK_EQUAL(nodes->last_lines("alpha"), "");
  BOOST_CHECK_EQUAL(here.read("logs/alpha.log").substr(0, 4), "1\n2\n");
  // Of a log of megabytes only the end is read, and no half line.
  nodes->start(node_named("alpha", {std::string(100000, 'y') + "\\n" + std::string(50, 'z')}));
  end_of(*nodes);
  BOOST_CHECK_EQUAL(nodes->last_lines("alpha"), std::string(50, 'z'));
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_start_is_a_node_that_has_ended) {
  const workspace here;
  const auto missing = local_launcher(here, here / "troupe");
  missing->start(node_named("alpha", {}, "never read"));
  BOOST_CHECK_EQUAL(end_of(*missing),
                    "alpha: cannot start: " + here / "troupe" + ": No such file or directory");
  const auto text = local_launcher(here, here.write("text", "not a program"));
  text->start(node_named("beta"));
  BOOST_CHECK_EQUAL(end_of(*text), "beta: cannot start: " + here / "text" + ": Permission denied");
}

BOOST_AUTO_TEST_CASE(a_node_that_never_reads_keeps_nobody_waiting) {
  const workspace here;
  const auto nodes = local_launcher(here, "true");
  nodes->start(node_named("alpha", {}, std::string(60000, 'x')));
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 0");
  BOOST_CHECK_EQUAL(
      complaint_of([&] { nodes->start(node_named("beta", {}, std::string(1 << 20, 'x'))); }),
      "beta: 1048576 bytes of input do not fit into a pipe");
}

BOOST_AUTO_TEST_CASE(a_node_inherits_no_descriptors) {
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);  // neither is closed on exec
  BOOST_CHECK_EQUAL(output_of_node("ls", {"/proc/self/fd"}), "0\n1\n2\n3\n");  // 3: the folder
  close(ends[0]);
  close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_node_inherits_no_ignored_or_blocked_signals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto pipes = signal(SIGPIPE, SIG_IGN), interrupts = signal(SIGINT, SIG_IGN);
  std::istringstream said(output_of_node("grep", {"^Sig[BI]", "/proc/self/status"}));
  signal(SIGPIPE, pipes);
  signal(SIGINT, interrupts);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const char* const expected : {"SigBlk:", "SigIgn:"}) {
    std::string name, set;
    said >> name >> set;
    BOOST_CHECK_EQUAL(name, expected);
    // Those of the C library itself, 32 and 33, are its own affair.
    BOOST_CHECK_EQUAL(std::stoull(set, nullptr, 16) & 0x7fffffff, 0u);
  }
}

BOOST_AUTO_TEST_CASE(signals_of_the_terminal_do_not_reach_a_node) {
  // Process, group and session.
  std::istringstream ids(output_of_node("cut", {"-d ", "-f1,5,6", "/proc/self/stat"}));
  pid_t process = 0, group = 0, session = 0;
  ids >> process >> group >> session;
  BOOST_CHECK_GT(process, 0);
  BOOST_CHECK_EQUAL(group, process);
  BOOST_CHECK_EQUAL(session, process);
}

BOOST_AUTO_TEST_CASE(stop_waits_for_nodes_that_leave) {
  const workspace here;
  BOOST_REQUIRE(mkfifo((here / "leave").c_str(), 0600) == 0);
  const std::string script =
      write_script(here, "node",
                   "trap 'exit 7' TERM\ntouch " + here / "ready" + "\nread x <" + here / "leave\n");
  const auto nodes = local_launcher(here, script);
  nodes->start(node_named("alpha"));
  BOOST_REQUIRE(wait_for_file(here, "ready"));
  std::ofstream(here / "leave") << "now\n";
  nodes->stop(60);
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 0");
}

BOOST_AUTO_TEST_CASE(stop_asks_nodes_that_stay_to_end) {
  const workspace here;
  const std::string script = write_script(
      here, "node", "trap 'exit 7' TERM\ntouch " + here / "ready" + "\nsleep 1000 &\nwait\n");
  const auto nodes = local_launcher(here, script);
  nodes->start(node_named("alpha"));
  BOOST_REQUIRE(wait_for_file(here, "ready"));
  nodes->stop(0);
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 7");
}

BOOST_AUTO_TEST_CASE(stop_kills_a_stubborn_node_and_all_it_started) {
  const workspace here;
  const std::string script = write_script(here, "node",
                                          "trap '' TERM\necho $$ > " + here / "id" + "\ntouch " +
                                              here / "ready" + "\nsleep 1000\nsleep 1000\n");
  auto nodes = local_launcher(here, script);
  nodes->start(node_named("alpha"));
  BOOST_REQUIRE(wait_for_file(here, "ready"));
  const pid_t id = std::stoi(here.read("id"));
  BOOST_CHECK(group_runs(id));
  nodes->stop(0);
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: killed by signal 9 (Killed)");
  BOOST_CHECK(!exists(id));  // not even a zombie
  BOOST_CHECK(comes_true([&] { return !group_runs(id); }));
}

BOOST_AUTO_TEST_CASE(what_a_node_leaves_behind_ends_with_it) {
  const workspace here;
  const auto nodes = local_launcher(
      here, write_script(here, "node", "echo $$ > " + here / "id" + "\nsleep 1000 &\n"));
  nodes->start(node_named("alpha"));
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 0");
  const pid_t id = std::stoi(here.read("id"));
  BOOST_CHECK(comes_true([&] { return !group_runs(id); }));
}

BOOST_AUTO_TEST_CASE(a_launcher_that_goes_leaves_no_process) {
  const workspace here;
  pid_t id = 0;
  {
    const std::string script = write_script(
        here, "node",
        "echo $$ > " + here / "id" + "\ntouch " + here / "ready" + "\nexec sleep 1000\n");
    const auto nodes = local_launcher(here, script);
    nodes->start(node_named("alpha"));
    BOOST_REQUIRE(wait_for_file(here, "ready"));
    id = std::stoi(here.read("id"));
    BOOST_CHECK(exists(id));
  }
  BOOST_CHECK(!exists(id));
}

BOOST_AUTO_TEST_CASE(logs_need_a_folder) {
  const workspace here;
  here.write("logs", "a file");
  const std::string said = complaint_of([&] { local_launcher(here, "true"); });
  BOOST_CHECK_MESSAGE(said.rfind(here / "logs" + ": cannot make this folder: ", 0) == 0, said);
}

BOOST_AUTO_TEST_CASE(the_program_of_the_job_counts_for_all_launchers) {
  const workspace here;
  cluster_spec cluster;
  cluster.program = write_script(here, "other", "echo other\n");
  const auto nodes = make_launcher(cluster, {"/nowhere/troupe", here / "logs", {}});
  nodes->start(node_named("alpha"));
  BOOST_CHECK_EQUAL(end_of(*nodes), "alpha: exited with status 0");
  BOOST_CHECK_EQUAL(nodes->last_lines("alpha"), "other");
}

BOOST_AUTO_TEST_SUITE_END()
