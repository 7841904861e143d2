#include "cluster/process.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>

#include "cluster/faults/peers.hpp"

using namespace troupe::testing;

namespace {

process_options shell() {
  process_options o;
  o.program = "/bin/sh";
  return o;
}

std::string name_of(pid_t id) {
  std::string name;
  std::ifstream("/proc/" + std::to_string(id) + "/comm") >> name;
  return name;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_process_of_the_tests)

BOOST_AUTO_TEST_CASE(gets_input_environment_and_limits) {
  process_options options = shell();
  options.input = "one line\n";
  options.environment = {"TROUPE_TEST_WORD=word"};
  options.open_files = 77;
  process p({"-c", "cat; echo $TROUPE_TEST_WORD; ulimit -n; exit 3"}, options);
  const outcome done = p.wait();
  BOOST_CHECK_EQUAL(done.out, "one line\nword\n77\n");
  BOOST_CHECK_EQUAL(done.status, 3);
}

BOOST_AUTO_TEST_CASE(is_seen_from_outside) {
  process_options soon = shell();
  soon.time_limit = std::chrono::seconds(30);
  process two({"-c", "exec 5</dev/null 6</dev/null; echo up >&2; exec /bin/sleep 60"}, soon);
  process none({"-c", "echo up >&2; exec /bin/sleep 60"}, soon);
  BOOST_REQUIRE(two.wait_for("up") && none.wait_for("up"));
  // Until both are the other program, which opens its libraries first.
  const auto seen = [&] {
    return name_of(two.id()) == "sleep" && name_of(none.id()) == "sleep" &&
           resident_bytes(two.id()) >= 100'000 &&
           open_descriptors(two.id()) == open_descriptors(none.id()) + 2;
  };
  while (!seen()) BOOST_REQUIRE(!two.ended() && !none.ended());
}

BOOST_AUTO_TEST_CASE(is_stopped_and_killed) {
  process p({"-c", "echo up >&2; exec /bin/sleep 60"}, shell());
  BOOST_REQUIRE(p.wait_for("up"));
  p.signal(SIGSTOP);
  BOOST_CHECK(p.alive());
  p.signal(SIGKILL);
  BOOST_CHECK_EQUAL(p.wait().status, 128 + SIGKILL);
  BOOST_CHECK(!p.alive());
  BOOST_CHECK_EQUAL(resident_bytes(p.id()), 0u);
  BOOST_CHECK_EQUAL(open_descriptors(p.id()), 0u);
}

BOOST_AUTO_TEST_CASE(tells_where_it_listens) {
  const auto before = listening(getpid()).size();
  const descriptor one = listen_on("127.0.0.1"), two = listen_on("0.0.0.0");
  const auto found = listening(getpid());
  BOOST_REQUIRE_EQUAL(found.size(), before + 2);
  bool loopback = false, any = false;
  for (const address_and_port& a : found) {
    loopback |= a.address == "127.0.0.1" && a.port == port_of(one);
    any |= a.address == "0.0.0.0" && a.port == port_of(two);
  }
  BOOST_CHECK(loopback && any);
}

BOOST_AUTO_TEST_SUITE_END()
