#pragma once

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/raw_socket.hpp"

namespace troupe::testing {

/// An answer as it came.
struct http_reply {
  int status = 0;
  std::string head, body;
  bool has(const std::string& header) const { return head.find(header) != std::string::npos; }
};

/// What comes until the peer hangs up, or one whole answer is there.
inline http_reply read_reply(const raw_socket& from) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  http_reply out;
  std::string text;
  for (bool whole = false; !whole;) {
    BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "no answer");
    pollfd what{from.number(), POLLIN, 0};
    if (::poll(&what, 1, 100) <= 0) continue;
    char bytes[65536];
    const ssize_t count = ::recv(from.number(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count <= 0) break;
    text.append(bytes, static_cast<std::size_t>(count));
    const auto end = text.find("\r\n\r\n"), length = text.find("Content-Length:");
    whole = length < end && end != std::string::npos &&
            text.size() - end - 4 >= std::stoul(text.substr(length + 15));
  }
  const auto end = text.find("\r\n\r\n");
  if (text.rfind("HTTP/1.", 0) != 0 || end == std::string::npos) return out;
  out.status = std::stoi(text.substr(9, 3));
  out.head = text.substr(0, end + 2);
  out.body = text.substr(end + 4);
  return out;
}

inline std::string get_line(const std::string& target, const std::string& host = "127.0.0.1") {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

inline http_reply http_say(std::uint16_t port, const std::string& text) {
  const raw_socket to = raw_socket::to(port);
  to.send(text);
  return read_reply(to);
}

inline http_reply http_get(std::uint16_t port, const std::string& target) {
  return http_say(port, get_line(target));
}

/// The port of "http://127.0.0.1:40123/".
inline std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

/// Waits for what another thread or process does.
template <class Condition>
bool becomes_true(Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 20);
  }
  return true;
}

}  // namespace troupe::testing
