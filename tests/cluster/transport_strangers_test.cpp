#include <dirent.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>

#include "cluster/node_systems.hpp"
#include "cluster/raw_socket.hpp"
#include "troupe/cluster/transport/openssl.hpp"

// Those who do not belong to the cluster, and what they must not be able to do.

using namespace troupe;
using namespace troupe::testing;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A node with an echo that a peer of the cluster reaches, before and after what strangers do.
struct visited_node {
  explicit visited_node(transport_options options, transport_options peers)
      : node(std::move(options)), peer(std::move(peers)), echo(spawn_echo(node)) {
    port = node.links().listen("127.0.0.1", 0, caf::actor_cast<caf::actor>(echo));
    check_still_well();
  }
  void check_still_well() {
    const auto found = peer.dial(port);
    BOOST_TEST_REQUIRE(found.problem == "");
    BOOST_CHECK_EQUAL(fetched(peer, caf::actor_cast<echo_actor>(found.published), 100'000),
                      100'000);
  }
  void check_refused(const std::string& reason) {
    BOOST_CHECK_MESSAGE(comes_true([&] { return node.log.has(reason); }), "'" << reason << "' in:\n"
                                                                              << node.log.text());
    BOOST_CHECK_GT(node.links().refused(), 0u);
    BOOST_CHECK(node.log.has("127.0.0.1:"));
  }

  node_system node, peer;
  echo_actor echo;
  std::uint16_t port = 0;
};

/// A client of our own making, without a certificate or with one; \returns whether the other side
/// lets it in.
bool is_let_in(std::uint16_t port, const credentials* shown, int newest_version) {
  const openssl_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(context.get(), newest_version);
  if (shown != nullptr) {
    SSL_CTX_use_certificate(context.get(), certificate_of(shown->certificate).get());
    SSL_CTX_use_PrivateKey(context.get(), key_of(shown->key).get());
  }
  const raw_socket socket = raw_socket::to(port);
  const openssl_ptr<SSL> session(SSL_new(context.get()));
  SSL_set_fd(session.get(), socket.number());
  char byte;
  return SSL_connect(session.get()) == 1 && SSL_read(session.get(), &byte, 1) == 1;
}

std::size_t open_descriptors() {
  std::size_t n = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++n;
  ::closedir(folder);
  return n;
}

/// Another process that opens connections and says nothing, until it is ended: the descriptors of
/// this one are counted.
class silent_crowd {
 public:
  silent_crowd(std::uint16_t port, int count) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk_) != 0) {
      throw std::runtime_error("no socket pair");
    }
    id_ = ::fork();
    if (id_ == 0) crowd(port, count);
  }
  ~silent_crowd() {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    for (const int s : talk_) ::close(s);
  }
  /// Lets them come. \returns whether all of them have been connected.
  bool comes() {
    char byte = 'c';
    return ::write(talk_[0], &byte, 1) == 1 && ::read(talk_[0], &byte, 1) == 1 && byte == 'a';
  }

 private:
  [[noreturn]] void crowd(std::uint16_t port, int count) {
    rlimit many{};
    ::getrlimit(RLIMIT_NOFILE, &many);
    many.rlim_cur = many.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &many);
    char byte;
    if (::read(talk_[1], &byte, 1) != 1) ::_exit(1);
    byte = 'a';
    const sockaddr_in at = on_loopback(port);
    for (int i = 0; i < count; ++i) {
      const int s = ::socket(AF_INET, SOCK_STREAM, 0);
      if (s < 0 || ::connect(s, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) byte = 'n';
    }
    [[maybe_unused]] const auto told = ::write(talk_[1], &byte, 1);
    for (;;) ::pause();
  }

  int talk_[2];
  pid_t id_;
};

/// Lowers how many descriptors this process may open, for as long as this lives.
class few_descriptors {
 public:
  explicit few_descriptors(std::size_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lower = before_;
    lower.rlim_cur = most;
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~few_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// A message as CAF would send it: operation, payload length, then nothing but zeros.
std::string caf_header(char operation, std::uint32_t payload, char flags = 0) {
  std::string header(32, '\0');
  header[0] = operation;
  header[3] = flags;
  const std::uint32_t length = htonl(payload);
  header.replace(4, 4, reinterpret_cast<const char*>(&length), 4);
  header[15] = 4;  // operation data: the version of the protocol
  return header;
}

const char server_handshake = 0, client_handshake = 1;

}  // namespace

BOOST_AUTO_TEST_SUITE(transport_strangers)

BOOST_AUTO_TEST_CASE(certificates_that_do_not_count) {
  certificate_authority authority("ours"), foreign("theirs");
  visited_node visited(tls_options(authority), tls_options(authority));
  struct stranger {
    transport_options shows;
    std::string hears, is_logged;
  };
  // Who trusts nobody here hangs up first, and says so.
  std::vector<stranger> strangers;
  strangers.push_back({tls_options(foreign), "has a certificate that is not accepted",
                       "does not know the authority of our certificate"});
  strangers.push_back({tls_options(authority, -1), "says that our certificate has expired",
                       "not accepted: certificate has expired"});
  auto mixed = tls_options(foreign);
  mixed.tls->authority = authority.certificate();
  strangers.push_back({mixed, "does not know the authority of our certificate",
                       "has a certificate that is not accepted: "});
  for (auto& s : strangers) {
    node_system node(s.shows);
    const std::string heard = node.dial(visited.port).problem;
    BOOST_CHECK_MESSAGE(heard.find(s.hears) != std::string::npos, heard);
    visited.check_refused(s.is_logged);
  }
  visited.check_still_well();
  // The same towards a listener whose certificate has expired.
  node_system late(tls_options(authority, -1));
  const auto port = late.links().listen("127.0.0.1", 0, caf::actor());
  const std::string heard = visited.peer.dial(port).problem;
  BOOST_CHECK_MESSAGE(heard.find("certificate has expired") != std::string::npos, heard);
}

BOOST_AUTO_TEST_CASE(no_certificate_old_protocols_and_other_ones) {
  certificate_authority authority("ours");
  visited_node visited(tls_options(authority), tls_options(authority));
  const credentials good = authority.issue("node", {});
  BOOST_CHECK(is_let_in(visited.port, &good, TLS1_3_VERSION));  // the client of this test works
  BOOST_CHECK(!is_let_in(visited.port, nullptr, TLS1_3_VERSION));
  visited.check_refused("showed no certificate");
  BOOST_CHECK(!is_let_in(visited.port, &good, TLS1_2_VERSION));
  visited.check_refused("speaks only older versions of TLS");
  const raw_socket browser = raw_socket::to(visited.port);
  browser.send("GET / HTTP/1.1\r\n\r\n");
  BOOST_CHECK(browser.is_closed_within(seconds(10)));
  visited.check_refused("speaks HTTP, not TLS");
  const raw_socket plain = raw_socket::to(visited.port);
  plain.send(caf_header(client_handshake, 20) + std::string(20, 'x'));
  BOOST_CHECK(plain.is_closed_within(seconds(10)));
  visited.check_refused("does not speak TLS");
  visited.check_still_well();
}

BOOST_AUTO_TEST_CASE(garbage_ends_nobody_but_itself) {
  certificate_authority authority("ours");
  visited_node secure(tls_options(authority), tls_options(authority));
  visited_node plain(plain_options(), plain_options());
  std::uint64_t state = 7;
  const auto noise = [&state](std::size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      c = static_cast<char>(state >> 56);
    }
    return bytes;
  };
  std::vector<std::string> all = {std::string(40, '\0'),
                                  caf_header(server_handshake, 0, 1),
                                  caf_header(server_handshake, 0) + "12345678",
                                  caf_header(client_handshake, 0),
                                  caf_header(client_handshake, 0xffffffff),
                                  caf_header(client_handshake, 30) + std::string(30, '\x7f'),
                                  caf_header(6, 0),
                                  caf_header(2, 100) + noise(100)};
  for (std::size_t i = 0; i < 50; ++i) all.push_back(noise(1 + i * 7));
  for (int operation = 0; operation < 8; ++operation) {
    all.push_back(caf_header(static_cast<char>(operation), 40) + noise(40));
  }
  for (visited_node* visited : {&secure, &plain}) {
    for (const std::string& bytes : all) {
      const raw_socket stranger = raw_socket::to(visited->port);
      stranger.send(bytes);
      ::shutdown(stranger.number(), SHUT_WR);
      BOOST_CHECK(stranger.is_closed_within(seconds(10)));
    }
    visited->check_still_well();
    BOOST_CHECK_GT(visited->node.links().refused(), all.size() / 2);
    // Rate-limited: many strangers are no many lines.
    BOOST_CHECK_LE(visited->node.log.count("was refused"), 12u);
  }
  plain.check_refused("does not speak CAF's protocol in the clear");
}

BOOST_AUTO_TEST_CASE(a_peer_of_the_cluster_that_talks_nonsense_loses_its_connection) {
  const auto one = [](const std::string& bytes) {
    visited_node visited(plain_options(), plain_options());
    // A true handshake: what CAF's client sends first.
    const raw_socket door = raw_socket::listening();
    node_system real(plain_options(), 1);
    std::thread dialler([&] { real.dial(door.port()); });
    const raw_socket caller = door.accept();
    std::string greeting(32, '\0');
    BOOST_REQUIRE_EQUAL(::recv(caller.number(), greeting.data(), 32, MSG_WAITALL), 32);
    std::uint32_t length;
    std::copy_n(greeting.data() + 4, 4, reinterpret_cast<char*>(&length));
    std::string rest(ntohl(length), '\0');
    BOOST_REQUIRE_EQUAL(::recv(caller.number(), rest.data(), rest.size(), MSG_WAITALL),
                        static_cast<long>(rest.size()));
    const raw_socket peer = raw_socket::to(visited.port);
    peer.send(greeting + rest + bytes);
    BOOST_CHECK(peer.is_closed_within(seconds(10)));
    ::shutdown(caller.number(), SHUT_RDWR);
    dialler.join();
    visited.check_still_well();
    return visited.node.log.text();
  };
  const auto has = [](const std::string& text, const std::string& part) {
    BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, part << " in " << text);
  };
  has(one(caf_header(server_handshake, 0)), "greeted as a server once more");
  has(one(caf_header(client_handshake, 0)), "greeted as a client out of turn");
  has(one(caf_header(2, 0xfffffff0)), "announced a message of 4294967280 bytes; 314572800 are");
}

BOOST_AUTO_TEST_CASE(a_message_above_the_limit_is_refused_before_it_is_read) {
  certificate_authority authority("ours");
  auto small = unshared(tls_options(authority));
  small.largest_payload = 1 << 20;
  node_system node(small), peer(tls_options(authority)), other(tls_options(authority));
  const echo_actor echo = spawn_echo(node), large = spawn_echo(peer);
  const auto port = node.links().listen("127.0.0.1", 0, caf::actor_cast<caf::actor>(echo));
  const auto reach = [&](node_system& from) {
    return caf::actor_cast<echo_actor>(from.dial(port).published);
  };
  const echo_actor from_peer = reach(peer), from_other = reach(other);
  wire_builder<schema::Rows> much;
  much->initFeatures(2 << 20);
  caf::anon_send(caf::actor_cast<caf::actor>(from_peer), std::move(much).finish());
  BOOST_CHECK(comes_true([&] { return node.log.has("announced a message of 2097"); }));
  // That peer has lost its connection; the other one notices nothing.
  BOOST_CHECK(is_lost_within(peer, from_peer, seconds(10)));
  BOOST_CHECK_EQUAL(fetched(other, from_other, 3 << 20), 3 << 20);
  BOOST_CHECK_EQUAL(fetched(peer, reach(peer), 1000), 1000);
}

BOOST_AUTO_TEST_CASE(only_so_many_wait_and_only_so_long) {
  certificate_authority authority("ours");
  for (const bool plain : {false, true}) {
    auto options = plain ? plain_options() : tls_options(authority);
    options.most_unauthenticated = 4;
    options.handshake_seconds = 1;
    visited_node visited(options, plain ? plain_options() : tls_options(authority));
    std::vector<raw_socket> silent;
    for (int i = 0; i < 10; ++i) silent.push_back(raw_socket::to(visited.port));
    const auto start = std::chrono::steady_clock::now();
    // The oldest went, in order, and the last four wait.
    for (int i = 0; i < 6; ++i) BOOST_CHECK(silent[i].is_closed_within(seconds(10)));
    visited.check_refused("too many that have not proven themselves");
    // One that belongs here gets in at once, in the place of one of them.
    visited.check_still_well();
    BOOST_CHECK(silent[9].is_closed_within(seconds(10)));
    BOOST_CHECK(std::chrono::steady_clock::now() - start > milliseconds(700));
    visited.check_refused("did not prove itself in time");
    BOOST_CHECK_EQUAL(visited.node.links().refused(), 10u);
  }
}

BOOST_AUTO_TEST_CASE(who_has_begun_to_prove_itself_is_not_crowded_out) {
  certificate_authority authority("ours");
  auto options = tls_options(authority);
  options.most_unauthenticated = 4;
  visited_node visited(options, tls_options(authority));
  // One that has said hello, as TLS does, and takes its time.
  const openssl_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  const openssl_ptr<SSL> session(SSL_new(context.get()));
  BIO* const memory = BIO_new(BIO_s_mem());
  SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), memory);
  SSL_connect(session.get());
  std::string hello(static_cast<std::size_t>(BIO_pending(memory)), '\0');
  BIO_read(memory, hello.data(), static_cast<int>(hello.size()));
  const raw_socket slow = raw_socket::to(visited.port);
  slow.send(hello);
  char byte;
  BOOST_REQUIRE_EQUAL(::recv(slow.number(), &byte, 1, 0), 1);  // it is answered
  std::vector<raw_socket> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(raw_socket::to(visited.port));
  for (std::size_t i = 0; i < 17; ++i) BOOST_CHECK(silent[i].is_closed_within(seconds(10)));
  BOOST_CHECK(!slow.is_closed_within(milliseconds(100)));
  // If there are only such, the oldest goes.
  for (int i = 0; i < 4; ++i) {
    silent.push_back(raw_socket::to(visited.port));
    silent.back().send(hello);
    BOOST_REQUIRE_EQUAL(::recv(silent.back().number(), &byte, 1, 0), 1);
  }
  BOOST_CHECK(slow.is_closed_within(seconds(10)));
}

BOOST_AUTO_TEST_CASE(a_thousand_silent_ones_with_few_descriptors) {
  certificate_authority authority("ours");
  visited_node visited(tls_options(authority), tls_options(authority));
  const std::size_t before = open_descriptors();
  {
    silent_crowd crowd(visited.port, 1000);
    const few_descriptors limit(before + 40);  // fewer than may wait
    BOOST_REQUIRE(crowd.comes());
    BOOST_CHECK(comes_true([&] { return visited.node.links().refused() > 900; }));
    visited.check_still_well();
    BOOST_CHECK(visited.node.log.has("had to make room"));
    BOOST_CHECK_LT(visited.node.log.count("refused"), 10u);
  }
  // All descriptors are given back.
  BOOST_CHECK(comes_true([&] { return open_descriptors() <= before + 2; }));
  visited.check_still_well();
}

BOOST_AUTO_TEST_CASE(no_descriptor_left_at_all) {
  certificate_authority authority("ours");
  visited_node visited(tls_options(authority), tls_options(authority));
  {
    silent_crowd crowd(visited.port, 30);
    const few_descriptors limit(open_descriptors());
    std::vector<raw_socket> taken;
    for (;;) {
      const int one = ::dup(0);
      if (one < 0) break;
      taken.emplace_back(one);
    }
    BOOST_REQUIRE(crowd.comes());
    BOOST_CHECK(comes_true([&] { return visited.node.links().refused() >= 30; }));
    visited.check_refused("found no descriptor left");
  }
  visited.check_still_well();
}

BOOST_AUTO_TEST_SUITE_END()
