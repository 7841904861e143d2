// Clients of all sorts before the service that answers them.

#include "troupe/cluster/metrics/http_service.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include "cluster/metrics/http_client.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using namespace troupe::testing;
using namespace std::chrono_literals;

namespace {

http_answer text_answer(const std::string& text) {
  return {200, "text/plain", std::make_shared<const std::string>(text)};
}

/// A service that says what it was asked for; /end waits.
class served {
 public:
  explicit served(http_limits limits = {}) {
    const socket_address any = resolve("127.0.0.1", 0, true).front();
    descriptor listening = listen_on(any);
    port = local_address(listening.get()).port();
    service = std::make_unique<http_service>(
        std::move(listening),
        [this](const http_request& request) -> std::optional<http_answer> {
          ++asked;
          if (request.target == "/end") return std::nullopt;
          if (request.target == "/throw") throw std::runtime_error("broken");
          if (request.target == "/large") return text_answer(std::string(32 << 20, 'x'));
          return text_answer(request.host.value_or("nobody") + " " + request.target);
        },
        limits);
  }
  std::uint16_t port = 0;
  std::atomic<int> asked{0};
  std::unique_ptr<http_service> service;
};

http_limits brief() {
  http_limits limits;
  limits.patience = 200ms;
  return limits;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_services)

BOOST_AUTO_TEST_CASE(a_request_is_answered_and_the_connection_kept) {
  served here;
  const raw_socket client = raw_socket::to(here.port);
  for (const char* path : {"/one", "/two?x=1"}) {
    client.send(get_line(path, "me:1"));
    const http_reply got = read_reply(client);
    BOOST_TEST(got.status == 200);
    BOOST_TEST(got.body == std::string("me:1 ") + path);
    for (const char* header : {"X-Content-Type-Options: nosniff\r\n", "Cache-Control: no-store\r\n",
                               "Content-Security-Policy: default-src 'none'; script-src 'self';"}) {
      BOOST_TEST(got.has(header), got.head);
    }
  }
  // Several at once are answered one after the other.
  client.send(get_line("/three") + get_line("/four"));
  BOOST_TEST(read_reply(client).status == 200);
  const http_reply old = http_say(here.port, "GET /old HTTP/1.0\r\n\r\n");
  BOOST_TEST(old.body == "nobody /old");
  BOOST_TEST(old.has("HTTP/1.0 200"));
}

BOOST_AUTO_TEST_CASE(what_is_no_get_is_refused) {
  served here;
  const auto status = [&](const std::string& text) { return http_say(here.port, text).status; };
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH"}) {
    const http_reply got =
        http_say(here.port, std::string(method) + " /status HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(got.status == 405, method);
    BOOST_TEST(got.has("Allow: GET\r\n"));
  }
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello") == 405);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n") == 400);
  BOOST_TEST(here.asked == 0);
  BOOST_TEST(status(get_line("/throw")) == 500);
  BOOST_TEST(status(get_line("/fine")) == 200);
}

BOOST_AUTO_TEST_CASE(garbage_and_what_is_too_large_are_told_so) {
  served here;
  const auto status = [&](const std::string& text) { return http_say(here.port, text).status; };
  BOOST_TEST(status("hello\r\n\r\n") == 400);
  BOOST_TEST(status("GET / SPDY/9\r\n\r\n") == 400);
  BOOST_TEST(status("GET /\x01\x02 HTTP/1.1\r\n\r\n") == 400);
  BOOST_TEST(status(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) +
                    std::string(500, '\x07')) == 400);  // TLS
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100000, 'a')) == 431);
  BOOST_TEST(status("GET /" + std::string(100000, 'a') + " HTTP/1.1\r\n\r\n") == 431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 5000; ++i) many += "A: b\r\n";
  BOOST_TEST(status(many) == 431);
  std::uint32_t draw = 1;
  for (int i = 0; i < 200; ++i) {
    std::string noise;
    for (int k = 0; k < 300; ++k) {
      draw = draw * 1664525u + 1013904223u;
      noise += static_cast<char>(draw >> 24);
    }
    const raw_socket client = raw_socket::to(here.port);
    client.send(noise);
  }
  BOOST_TEST(here.asked == 0);
  BOOST_TEST(status(get_line("/fine")) == 200);
}

BOOST_AUTO_TEST_CASE(slow_clients_are_not_waited_for) {
  served here(brief());
  const raw_socket silent = raw_socket::to(here.port), half = raw_socket::to(here.port);
  const raw_socket lazy = raw_socket::to(here.port);
  half.send("GET / HTTP/1.1\r\nHost:");
  lazy.send(get_line("/large"));
  BOOST_TEST(http_get(here.port, "/fine").status == 200);  // meanwhile
  BOOST_TEST(silent.is_closed_within(30s));
  BOOST_TEST(half.is_closed_within(30s));
  // A byte now and then does not make a request.
  const raw_socket drops = raw_socket::to(here.port);
  bool closed = false;
  for (int i = 0; i < 3000 && !closed; ++i) {
    drops.send("G");
    closed = drops.is_closed_within(10ms);
  }
  BOOST_TEST(closed);
  // Who takes nothing of its answer is hung up on: less comes than was to be said.
  std::size_t came = 0;
  for (ssize_t count = 1; count > 0; came += static_cast<std::size_t>(count > 0 ? count : 0)) {
    char bytes[65536];
    count = ::recv(lazy.number(), bytes, sizeof bytes, 0);
  }
  BOOST_TEST(came < std::size_t{32 << 20});
}

BOOST_AUTO_TEST_CASE(with_many_here_the_quietest_makes_room) {
  http_limits few;
  few.connections = 4;
  served here(few);
  std::vector<raw_socket> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(raw_socket::to(here.port));
    idle.back().send(get_line("/"));
    BOOST_TEST(read_reply(idle.back()).status == 200);
  }
  BOOST_TEST(http_get(here.port, "/fine").status == 200);
  BOOST_TEST(idle.front().is_closed_within(30s));
  for (int i = 0; i < 500; ++i) idle.push_back(raw_socket::to(here.port));
  BOOST_TEST(http_get(here.port, "/fine").status == 200);
}

BOOST_AUTO_TEST_CASE(who_waits_is_told_the_last_words) {
  served here;
  const raw_socket waits = raw_socket::to(here.port), idle = raw_socket::to(here.port);
  waits.send(get_line("/end"));
  BOOST_TEST(becomes_true([&] { return here.asked == 1; }));
  BOOST_TEST(!waits.is_closed_within(50ms));
  here.service->set_last_words(text_answer("that was it"));
  // Nobody waits for who hangs up, or for who will not.
  {
    const raw_socket gone = raw_socket::to(here.port);
    gone.send(get_line("/end"));
  }
  const auto begun = std::chrono::steady_clock::now();
  std::thread end([&] { here.service.reset(); });
  const http_reply last = read_reply(waits);
  BOOST_TEST(last.status == 200);
  BOOST_TEST(last.body == "that was it");
  BOOST_TEST(last.has("Connection: close\r\n"));
  end.join();
  BOOST_TEST(idle.is_closed_within(0s));
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 20s));
  BOOST_CHECK_THROW(raw_socket::to(here.port), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_end_waits_for_nobody_for_long) {
  auto here = std::make_unique<served>();
  const raw_socket waits = raw_socket::to(here->port), lazy = raw_socket::to(here->port);
  waits.send(get_line("/end"));
  lazy.send(get_line("/large"));
  BOOST_TEST(becomes_true([&] { return here->asked == 2; }));
  const auto begun = std::chrono::steady_clock::now();
  here.reset();
  // A second of farewell; the rest is for a busy machine.
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 8s));
}

BOOST_AUTO_TEST_SUITE_END()
