#include "cluster/node_systems.hpp"
#include "cluster/raw_socket.hpp"
#include "cluster/small_relay.hpp"
#include "troupe/base/error.hpp"

// Connections between nodes that belong together: large messages, slow ways, silence, wrong ports.

using namespace troupe;
using namespace troupe::testing;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Two nodes, of which one has an echo published.
struct pair_of_nodes {
  explicit pair_of_nodes(const std::function<transport_options()>& options, double dead_after = 10)
      : server(options(), dead_after), client(options(), dead_after), echo(spawn_echo(server)) {
    port = server.links().listen("127.0.0.1", 0, caf::actor_cast<caf::actor>(echo));
  }
  echo_actor reach(std::uint16_t at) {
    const auto found = client.dial(at);
    BOOST_TEST_REQUIRE(found.problem == "");
    return caf::actor_cast<echo_actor>(found.published);
  }

  node_system server, client;
  echo_actor echo;
  std::uint16_t port = 0;
};

/// Runs a test of a pair over TLS and without.
void every_way(const std::function<void(const std::function<transport_options()>&)>& test) {
  certificate_authority authority("test");
  BOOST_TEST_CONTEXT("TLS") {
    test([&] { return tls_options(authority); });
  }
  BOOST_TEST_CONTEXT("TLS, all bytes over the connection") {
    test([&] { return unshared(tls_options(authority)); });
  }
  BOOST_TEST_CONTEXT("plain") {
    test(plain_options);
  }
}

std::string what_is_thrown(const std::function<void()>& action) {
  try {
    action();
  } catch (const error& e) {
    BOOST_CHECK(e.kind() == error_kind::run);
    return e.what();
  }
  return "nothing";
}

void check_has(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, "'" << part << "' in '" << text << "'");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transport_connections)

BOOST_AUTO_TEST_CASE(messages_of_several_mebibytes_and_many_small_ones) {
  every_way([](const auto& options) {
    pair_of_nodes nodes(options);
    const echo_actor echo = nodes.reach(nodes.port);
    for (const int size : {0, 1, 100, 16 << 10, 1 << 20, (5 << 20) + 3, 33 << 20}) {
      BOOST_CHECK_EQUAL(fetched(nodes.client, echo, static_cast<std::uint64_t>(size)), size);
    }
    for (int i = 0; i < 500; ++i) BOOST_REQUIRE_EQUAL(fetched(nodes.client, echo, 40), 40);
    BOOST_CHECK_EQUAL(nodes.server.links().refused(), 0u);
  });
}

BOOST_AUTO_TEST_CASE(keys_change_while_messages_travel) {
  certificate_authority authority("test");
  pair_of_nodes nodes([&] {
    auto options = unshared(tls_options(authority));
    options.bytes_per_key = 100'000;
    return options;
  });
  const echo_actor echo = nodes.reach(nodes.port);
  for (int i = 0; i < 10; ++i) BOOST_CHECK_EQUAL(fetched(nodes.client, echo, 3 << 20), 3 << 20);
}

BOOST_AUTO_TEST_CASE(large_messages_of_neighbours_take_the_shorter_way) {
  certificate_authority authority("test");
  const auto size = std::uint64_t{5} << 20;
  const auto seconds_of = [&](const std::function<transport_options()>& options) {
    pair_of_nodes nodes(options);
    small_relay relay(nodes.port);
    const echo_actor echo = nodes.reach(relay.port());
    relay.pace(2 << 20);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i)
      BOOST_CHECK_EQUAL(fetched(nodes.client, echo, size / 10), size / 10);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  // 5 MiB at 2 MiB a second; without passing there, no such time is needed.
  const auto shared = [&] { return tls_options(authority); };
  const double by_connection = seconds_of([&] { return unshared(shared()); });
  BOOST_CHECK_GT(by_connection, 2);
  BOOST_CHECK_LT(seconds_of(shared), by_connection);
  // Both sides must want it.
  BOOST_CHECK_GT(seconds_of([&, first = true]() mutable {
                   return std::exchange(first, false) ? shared() : unshared(shared());
                 }),
                 2);
}

BOOST_AUTO_TEST_CASE(many_nodes_may_come_at_once) {
  certificate_authority authority("test");
  node_system home(tls_options(authority));
  const echo_actor echo = spawn_echo(home);
  const auto port = home.links().listen("127.0.0.1", 0, caf::actor_cast<caf::actor>(echo));
  std::vector<std::unique_ptr<node_system>> nodes;
  for (int i = 0; i < 20; ++i)
    nodes.push_back(std::make_unique<node_system>(tls_options(authority)));
  std::vector<std::thread> diallers;
  std::atomic<int> reached{0};
  for (auto& node : nodes) {
    diallers.emplace_back([&reached, &node = *node, port] {
      const auto found = node.dial(port);
      if (fetched(node, caf::actor_cast<echo_actor>(found.published), 100'000) == 100'000)
        ++reached;
    });
  }
  for (auto& d : diallers) d.join();
  BOOST_CHECK_EQUAL(reached, 20);
}

BOOST_AUTO_TEST_CASE(dialling_twice_finds_the_same_node) {
  every_way([](const auto& options) {
    pair_of_nodes nodes(options);
    const auto first = nodes.client.dial(nodes.port);
    const auto second = nodes.client.dial(nodes.port);
    BOOST_CHECK_EQUAL(second.problem, "");
    BOOST_CHECK(first.node == second.node);
    const auto echo = caf::actor_cast<echo_actor>(first.published);
    BOOST_CHECK_EQUAL(fetched(nodes.client, echo, 3000), 3000);
  });
}

BOOST_AUTO_TEST_CASE(a_slow_way_is_no_silence) {
  every_way([](const auto& options) {
    pair_of_nodes nodes(options, 1);
    small_relay relay(nodes.port);
    // CAF looks for silence every 100 ms: it must not take the wait for a first answer for it.
    relay.delay(milliseconds(150));
    const echo_actor echo = nodes.reach(relay.port());
    relay.delay(milliseconds(0));
    // Nor a message that takes longer than silence may last.
    relay.pace(1 << 20);
    BOOST_CHECK_EQUAL(fetched(nodes.client, echo, 5 << 19), 5 << 19);
  });
}

BOOST_AUTO_TEST_CASE(a_short_silence_heals_and_a_long_one_ends_the_connection) {
  every_way([](const auto& options) {
    pair_of_nodes nodes(options, 2);
    small_relay relay(nodes.port);
    const echo_actor echo = nodes.reach(relay.port());
    relay.freeze(true);
    BOOST_CHECK(!is_lost_within(nodes.client, echo, milliseconds(1000)));
    relay.freeze(false);
    BOOST_CHECK_EQUAL(fetched(nodes.client, echo, 1 << 20), 1 << 20);
    relay.freeze(true);
    const auto start = std::chrono::steady_clock::now();
    BOOST_CHECK(is_lost_within(nodes.client, echo, milliseconds(8000)));
    const auto passed = std::chrono::steady_clock::now() - start;
    BOOST_CHECK(passed > milliseconds(1500));
    // It comes back.
    relay.freeze(false);
    const echo_actor again = nodes.reach(relay.port());
    BOOST_CHECK_EQUAL(fetched(nodes.client, again, 1 << 20), 1 << 20);
  });
}

BOOST_AUTO_TEST_CASE(who_comes_back_was_lost_even_where_nobody_noticed) {
  every_way([](const auto& options) {
    node_system home(options(), 60), away(options(), 60);
    soon<echo_actor> met;
    const auto port = home.links().listen(
        "127.0.0.1", 0,
        home.keep(home.system().spawn(
            [&met](caf::unit_t) -> caf::behavior {
              return {[&met](const std::vector<echo_actor>& who) { met.set(who.at(0)); }};
            },
            caf::unit)));
    small_relay relay(port);
    const echo_actor agent = spawn_echo(away);
    const auto join = [&] {
      const auto found = away.dial(relay.port());
      BOOST_TEST_REQUIRE(found.problem == "");
      caf::anon_send(found.published, std::vector<echo_actor>{agent});
      return caf::actor_cast<echo_actor>(found.published);
    };
    const echo_actor from_away = join();
    const echo_actor before = met.get();
    BOOST_CHECK_EQUAL(fetched(home, before, 1000), 1000);
    // Only one side sees the connection end.
    relay.hang_up_on_callers();
    BOOST_CHECK(is_lost_within(away, from_away, seconds(10)));
    BOOST_CHECK(!is_lost_within(home, before, milliseconds(200)));
    met.forget();
    join();
    BOOST_CHECK(is_lost_within(home, before, seconds(10)));
    const echo_actor after = met.get();
    BOOST_CHECK_EQUAL(fetched(home, after, 1 << 20), 1 << 20);
    BOOST_CHECK(!is_lost_within(home, after, milliseconds(200)));
    caf::anon_send_exit(agent, caf::exit_reason::kill);
    BOOST_CHECK(is_lost_within(home, after, seconds(10)));
  });
}

BOOST_AUTO_TEST_CASE(a_peer_that_takes_nothing_does_not_hold_up_the_end) {
  every_way([](const auto& options) {
    auto nodes = std::make_unique<pair_of_nodes>(options);
    small_relay relay(nodes->port);
    const echo_actor echo = nodes->reach(relay.port());
    relay.freeze(true);
    wire_builder<schema::Rows> much;
    much->initFeatures(32 << 20);
    caf::anon_send(caf::actor_cast<caf::actor>(echo), std::move(much).finish());
    const auto start = std::chrono::steady_clock::now();
    nodes.reset();
    BOOST_CHECK(std::chrono::steady_clock::now() - start < seconds(10));
  });
}

BOOST_AUTO_TEST_CASE(ports_and_addresses_that_cannot_be_listened_on) {
  certificate_authority authority("test");
  node_system node(tls_options(authority));
  const raw_socket taken = raw_socket::listening();
  const auto listen = [&](const std::string& address, std::uint16_t port) {
    return what_is_thrown([&] { node.links().listen(address, port, caf::actor()); });
  };
  const std::string where = "127.0.0.1:" + std::to_string(taken.port());
  BOOST_CHECK_EQUAL(listen("127.0.0.1", taken.port()),
                    where + ": cannot listen: Address already in use");
  const auto own = node.links().listen("127.0.0.1", 0, caf::actor());
  check_has(listen("127.0.0.1", own), "Address already in use");
  check_has(listen("192.0.2.1", 0), "192.0.2.1:0: cannot listen");
  check_has(listen("no.such.host.invalid", 0), "no.such.host.invalid:0: ");
  BOOST_CHECK_GT(node.links().listen("0.0.0.0", 0, caf::actor()), 0);
}

BOOST_AUTO_TEST_CASE(without_tls_nothing_beyond_this_machine) {
  node_system node(plain_options());
  for (const char* address : {"0.0.0.0", "", "192.0.2.1"}) {
    check_has(what_is_thrown([&] { node.links().listen(address, 0, caf::actor()); }),
              "without TLS only addresses of this machine");
  }
  check_has(node.dial(4000, "192.0.2.1").problem,
            "192.0.2.1:4000: only addresses of this machine (127.0.0.1) are reached without TLS");
  BOOST_CHECK_GT(node.links().listen("localhost", 0, caf::actor()), 0);
}

BOOST_AUTO_TEST_CASE(dialling_what_is_not_there_says_why) {
  every_way([](const auto& options) {
    auto with = options();
    with.handshake_seconds = 0.5;
    node_system node(std::move(with));
    std::uint16_t closed = 0;
    {
      const raw_socket soon_gone = raw_socket::listening();
      closed = soon_gone.port();
    }
    const std::string where = "127.0.0.1:" + std::to_string(closed);
    BOOST_CHECK_EQUAL(node.dial(closed).problem, where + ": Connection refused");
    check_has(node.dial(1, "no.such.host.invalid").problem, "no.such.host.invalid:1: ");
  });
}

BOOST_AUTO_TEST_CASE(dialling_a_port_that_says_nothing_ends_in_time) {
  certificate_authority authority("test");
  auto options = tls_options(authority);
  options.handshake_seconds = 0.3;
  node_system node(std::move(options));
  const raw_socket silent = raw_socket::listening();
  check_has(node.dial(silent.port()).problem, "no answer in time");
  // Without TLS it is CAF's handshake that does not come.
  node_system plain(plain_options(), 0.5);
  check_has(plain.dial(silent.port()).problem, "no node of this cluster");
}

BOOST_AUTO_TEST_CASE(tls_and_plain_do_not_meet) {
  certificate_authority authority("test");
  auto quick = tls_options(authority);
  quick.handshake_seconds = 1;
  auto quick_plain = plain_options();
  quick_plain.handshake_seconds = 1;
  node_system secure(std::move(quick)), plain(std::move(quick_plain));
  const auto secure_port = secure.links().listen("127.0.0.1", 0, caf::actor());
  const auto plain_port = plain.links().listen("127.0.0.1", 0, caf::actor());
  BOOST_CHECK_NE(secure.dial(plain_port).problem, "");
  BOOST_CHECK_NE(plain.dial(secure_port).problem, "");
  BOOST_CHECK(comes_true([&] { return secure.log.has("does not speak TLS"); }));
  BOOST_CHECK(comes_true([&] { return plain.log.has("is it a node with TLS?"); }));
}

BOOST_AUTO_TEST_CASE(a_transport_that_ends_breaks_its_connections) {
  certificate_authority authority("test");
  pair_of_nodes nodes([&] { return tls_options(authority); });
  const echo_actor echo = nodes.reach(nodes.port);
  BOOST_CHECK_EQUAL(fetched(nodes.client, echo, 1 << 20), 1 << 20);
  nodes.server.close_transport();
  BOOST_CHECK(is_lost_within(nodes.client, echo, std::chrono::seconds(20)));
  BOOST_CHECK_THROW(raw_socket::to(nodes.port), std::runtime_error);
  nodes.client.close_transport();
}

BOOST_AUTO_TEST_CASE(a_system_that_was_not_prepared_is_refused) {
  caf::actor_system_config bare;
  caf::actor_system system(bare);
  check_has(what_is_thrown([&] { transport made(system, {}); }), "configure");
  caf::actor_system_config half;
  configure(half);
  caf::actor_system other(half);
  check_has(what_is_thrown([&] { transport made(other, {}); }), "configure_node");
}

BOOST_AUTO_TEST_SUITE_END()
