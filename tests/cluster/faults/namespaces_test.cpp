#include "cluster/faults/namespaces.hpp"

#include <boost/test/unit_test.hpp>
#include <iostream>
#include <optional>

#include "cluster/faults/peers.hpp"
#include "cluster/faults/relay.hpp"
#include "cluster/process.hpp"

using namespace troupe::testing;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds a_moment{200};

/// A connection from one namespace to another.
peer connect(const namespaces& net, std::size_t from, std::size_t to, std::uint16_t port) {
  std::optional<peer> made;
  net.inside(from, [&] { made.emplace(net.address(to), port); });
  return std::move(*made);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_namespaces)

BOOST_AUTO_TEST_CASE(reach_each_other_and_fall_silent_without_a_link) {
  if (!namespaces::possible()) return;
  const namespaces net(3);
  std::optional<echo_server> echo;
  net.inside(0, [&] { echo.emplace("0.0.0.0"); });
  peer one = connect(net, 1, 0, echo->port()), two = connect(net, 2, 0, echo->port());
  one.say("one");
  two.say("two");
  BOOST_CHECK_EQUAL(one.hear(3), "one");
  BOOST_CHECK_EQUAL(two.hear(3), "two");

  net.link(1, false);
  one.say("again");
  BOOST_CHECK(one.next(a_moment) == peer::state::silent);
  BOOST_CHECK_THROW(net.inside(1, [&] { peer(net.address(0), echo->port(), a_moment); }),
                    std::runtime_error);
  two.say("still here");
  BOOST_CHECK_EQUAL(two.hear(10), "still here");

  net.link(1, true);
  BOOST_CHECK_EQUAL(one.hear(5), "again");
}

BOOST_AUTO_TEST_CASE(are_not_reached_from_outside) {
  if (!namespaces::possible()) return;
  const namespaces net(1);
  std::optional<echo_server> echo;
  net.inside(0, [&] { echo.emplace("127.0.0.1"); });
  BOOST_CHECK_THROW(peer("127.0.0.1", echo->port(), a_moment), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(run_processes_and_relays) {
  if (!namespaces::possible()) return;
  const namespaces net(2);
  process_options options;
  options.program = "/bin/sh";
  options.network = net.network(1);
  const outcome done = process({"-c", "cat /proc/net/fib_trie"}, options).wait();
  BOOST_CHECK_MESSAGE(done.out.find(net.address(1)) != std::string::npos, done.out);
  BOOST_CHECK_MESSAGE(done.out.find(net.address(0)) == std::string::npos, done.out);

  std::optional<echo_server> echo;
  std::optional<relay> between;
  net.inside(0, [&] { echo.emplace(net.address(0)); });
  net.inside(1, [&] { between.emplace(net.address(1)); });
  between->lead_to(net.address(0), echo->port());
  peer p = connect(net, 1, 1, between->port());
  p.say("through the relay");
  BOOST_CHECK_EQUAL(p.hear(17), "through the relay");
}

BOOST_AUTO_TEST_CASE(are_disturbed_where_the_kernel_can) {
  if (!namespaces::possible()) return;
  const namespaces net(2);
  if (!net.disturb(1, milliseconds(30), 0)) {
    std::cout << "skipped the kernel's own delays: it has no netem" << std::endl;
    return;
  }
  std::optional<echo_server> echo;
  net.inside(0, [&] { echo.emplace("0.0.0.0"); });
  peer p = connect(net, 1, 0, echo->port());
  const auto begin = std::chrono::steady_clock::now();
  p.say("x");
  BOOST_CHECK_EQUAL(p.hear(1), "x");
  BOOST_CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(30));
}

BOOST_AUTO_TEST_SUITE_END()
