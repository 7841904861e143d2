#include <boost/test/unit_test.hpp>
#include <functional>
#include <thread>

#include "cluster/faults/peers.hpp"
#include "cluster/faults/strangers.hpp"

using namespace troupe::testing;
using std::chrono::milliseconds;

namespace {

bool soon(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// What a server hears of a stranger of this kind, until it is silent for a moment.
std::string speech(stranger kind, std::size_t most = 10'000) {
  const descriptor door = listen_on();
  strangers uninvited;
  uninvited.come("127.0.0.1", port_of(door), 1, {kind});
  descriptor taken;
  BOOST_REQUIRE(soon([&] { return bool(taken = take_in(door)); }));
  return peer(std::move(taken)).hear(most, milliseconds(200));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(uninvited)

BOOST_AUTO_TEST_CASE(say_what_their_kind_says) {
  BOOST_CHECK_EQUAL(speech(stranger::silent), "");
  BOOST_CHECK_EQUAL(speech(stranger::basp_header).size(), 40u);
  BOOST_CHECK_EQUAL(speech(stranger::basp_header)[0], '\0');
  BOOST_CHECK_EQUAL(speech(stranger::http_request).substr(0, 4), "GET ");
  BOOST_CHECK_GE(speech(stranger::garbage).size(), 1u);
  const std::string hello = speech(stranger::client_hello);
  BOOST_REQUIRE_GT(hello.size(), 50u);
  BOOST_CHECK_EQUAL(hello.substr(0, 3), "\x16\3\1");
  BOOST_CHECK_EQUAL(static_cast<unsigned char>(hello[4]), hello.size() - 5);
  BOOST_CHECK_EQUAL(speech(stranger::slow), "\x16");  // the next byte comes after a second
}

BOOST_AUTO_TEST_CASE(are_counted_by_what_becomes_of_them) {
  strangers uninvited;
  std::uint16_t port = 0;
  {
    const descriptor door = listen_on();
    port = port_of(door);
    uninvited.come("127.0.0.1", port, 60);
    BOOST_CHECK(soon([&] { return uninvited.total().open == 60; }));
    for (int i = 0; i < 30; ++i) take_in(door);  // and out again
    BOOST_CHECK(soon([&] { return uninvited.total().turned_away == 30; }));
    BOOST_CHECK_EQUAL(uninvited.total().open, 30u);
    uninvited.leave();
    BOOST_CHECK_EQUAL(uninvited.total().open, 0u);
    BOOST_CHECK_EQUAL(uninvited.total().turned_away, 30u);
  }
  uninvited.come("127.0.0.1", port, 7, {stranger::http_request});
  BOOST_CHECK(soon([&] { return uninvited.total().refused == 7; }));
  BOOST_CHECK_EQUAL(uninvited.total().came, 67u);
  BOOST_CHECK_EQUAL(uninvited.counts()[stranger::http_request].came, 17u);
  BOOST_CHECK(uninvited.report().find("HTTP request: 17 came") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
