#include "cluster/faults/relay.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "cluster/faults/peers.hpp"

using namespace troupe::testing;
using std::chrono::milliseconds;
using clock_type = std::chrono::steady_clock;

BOOST_TEST_DONT_PRINT_LOG_VALUE(peer::state)

namespace {

constexpr milliseconds a_moment{150};

std::string noise(std::size_t count, std::uint64_t seed = 1) {
  std::string bytes(count, '\0');
  for (char& b : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    b = static_cast<char>(seed >> 56);
  }
  return bytes;
}

/// What an echo makes of the bytes, and how long it takes.
std::pair<std::string, milliseconds> round_trip(peer& p, const std::string& bytes) {
  const auto begin = clock_type::now();
  std::thread speaker([&] { p.say(bytes); });
  std::string heard = p.hear(bytes.size());
  speaker.join();
  return {heard, std::chrono::duration_cast<milliseconds>(clock_type::now() - begin)};
}

struct echo_behind_a_relay {
  echo_server echo;
  relay between{"127.0.0.1", echo.port()};
  peer connect() const { return peer("127.0.0.1", between.port()); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(a_relay, echo_behind_a_relay)

BOOST_AUTO_TEST_CASE(passes_bytes_both_ways) {
  std::vector<peer> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(connect());
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const std::string bytes = noise(100'000, i);
    BOOST_CHECK(round_trip(peers[i], bytes).first == bytes);
  }
  const relay_traffic seen = between.traffic();
  BOOST_CHECK_EQUAL(seen.open, 20u);
  BOOST_CHECK_EQUAL(seen.accepted, 20u);
  BOOST_CHECK_EQUAL(seen.bytes_there, 2'000'000u);
  BOOST_CHECK_EQUAL(seen.bytes_back, 2'000'000u);
}

BOOST_AUTO_TEST_CASE(hardly_slows_what_passes) {
  const descriptor listener = listen_on();
  between.lead_to("127.0.0.1", port_of(listener));
  peer source = connect();
  descriptor taken;
  while (!taken) taken = take_in(listener);
  peer sink(std::move(taken));
  const std::string block(1 << 20, 'x');
  constexpr std::size_t blocks = 512;
  const auto begin = clock_type::now();
  std::thread speaker([&] {
    for (std::size_t i = 0; i < blocks; ++i) source.say(block);
  });
  std::size_t heard = 0;
  while (heard < blocks * block.size()) {
    const std::size_t count = sink.hear(block.size()).size();
    if (count == 0) break;
    heard += count;
  }
  speaker.join();
  BOOST_CHECK_EQUAL(heard, blocks * block.size());
  const std::chrono::duration<double> took = clock_type::now() - begin;
  const double rate = static_cast<double>(heard) / took.count() / 1e9;
  BOOST_TEST_MESSAGE("through the relay: " << rate << " GB/s");
  BOOST_CHECK_GT(rate, 0.03);  // under a sanitizer; else several on an idle machine
}

BOOST_AUTO_TEST_CASE(delays_each_direction_without_limiting_what_passes) {
  peer p = connect();
  between.set({milliseconds(30), milliseconds(50)});
  const auto [one, soon] = round_trip(p, "x");
  BOOST_CHECK_EQUAL(one, "x");
  BOOST_CHECK_GE(soon.count(), 80);
  const std::string bytes = noise(20 << 20);
  const auto [all, later] = round_trip(p, bytes);
  BOOST_CHECK(all == bytes);
  BOOST_CHECK_GE(later.count(), 80);
  BOOST_CHECK_LT(later.count(), 5000);  // 64 KiB a round trip would take 25 s
  between.set({});
  BOOST_CHECK_LT(round_trip(p, "y").second.count(), 80);
}

BOOST_AUTO_TEST_CASE(passes_everything_in_order_where_packets_are_lost) {
  peer p = connect();
  between.set({milliseconds(2), milliseconds(2), 0.01});
  const std::string bytes = noise(2 << 20);
  const auto [heard, took] = round_trip(p, bytes);
  BOOST_CHECK(heard == bytes);
  BOOST_CHECK_GT(took.count(), 8);  // 1,400 packets there and as many back: some pause is certain
}

BOOST_AUTO_TEST_CASE(keeps_silence_while_partitioned_and_goes_on_afterwards) {
  peer before = connect();
  BOOST_CHECK_EQUAL(round_trip(before, "hello").first, "hello");
  peer leaves = connect();
  BOOST_CHECK_EQUAL(round_trip(leaves, "hello").first, "hello");
  between.partition(true);
  before.say("are you there?");
  leaves.close();
  BOOST_CHECK_EQUAL(between.traffic().open, 2u);
  BOOST_CHECK(before.next(a_moment) == peer::state::silent);
  peer during = connect();
  during.say("me too");
  BOOST_CHECK(during.next(a_moment) == peer::state::silent);
  BOOST_CHECK_EQUAL(between.traffic().open, 2u);  // not even known that one of them has left
  between.partition(false);
  BOOST_CHECK_EQUAL(before.hear(14), "are you there?");
  BOOST_CHECK_EQUAL(during.hear(6), "me too");
  while (between.traffic().open > 2) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(resets_both_sides_when_cut) {
  const descriptor listener = listen_on();
  between.lead_to("127.0.0.1", port_of(listener));
  peer client = connect();
  descriptor taken;
  while (!taken) taken = take_in(listener);
  peer server(std::move(taken));
  client.say("hello");
  BOOST_CHECK_EQUAL(server.hear(5), "hello");
  between.cut();
  BOOST_CHECK(client.next() == peer::state::reset);
  BOOST_CHECK(server.next() == peer::state::reset);
  BOOST_CHECK_EQUAL(between.traffic().open, 0u);
  peer again = connect();
  taken = {};
  while (!taken) taken = take_in(listener);
}

BOOST_AUTO_TEST_CASE(garbles_as_many_bytes_as_it_is_told) {
  peer p = connect();
  between.set({milliseconds(0), milliseconds(0), 0, 0.001});
  const std::string bytes = noise(1 << 20);
  const std::string heard = round_trip(p, bytes).first;
  BOOST_REQUIRE_EQUAL(heard.size(), bytes.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) changed += bytes[i] != heard[i];
  BOOST_CHECK_CLOSE(static_cast<double>(changed), 0.002 * (1 << 20), 20);
}

BOOST_AUTO_TEST_CASE(passes_on_how_a_side_leaves) {
  peer polite = connect();
  polite.say("bye");
  polite.finish();
  BOOST_CHECK_EQUAL(polite.hear(10), "bye");
  BOOST_CHECK(polite.next() == peer::state::finished);

  const descriptor listener = listen_on();
  between.lead_to("127.0.0.1", port_of(listener));
  peer client = connect();
  descriptor taken;
  while (!taken) taken = take_in(listener);
  peer server(std::move(taken));
  client.say("hello");
  BOOST_CHECK_EQUAL(server.hear(5), "hello");
  server.reset();
  BOOST_CHECK(client.next() == peer::state::reset);
}

BOOST_AUTO_TEST_CASE(resets_who_comes_while_nobody_is_behind_it) {
  {
    const descriptor gone = listen_on();
    between.lead_to("127.0.0.1", port_of(gone));
  }
  // Perhaps as soon as it is in, so nothing is checked of the connecting itself.
  peer unlucky(start_connecting("127.0.0.1", between.port()));
  BOOST_CHECK(unlucky.next() == peer::state::reset);
}

BOOST_AUTO_TEST_CASE(lets_who_comes_too_early_wait) {
  relay early;
  peer p("127.0.0.1", early.port());
  p.say("hello");
  BOOST_CHECK(p.next(a_moment) == peer::state::silent);
  early.lead_to("127.0.0.1", echo.port());
  BOOST_CHECK_EQUAL(p.hear(5), "hello");
}

BOOST_AUTO_TEST_SUITE_END()
