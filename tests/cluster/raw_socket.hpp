#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace troupe::testing {

inline sockaddr_in on_loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  return at;
}

/// A TCP connection without anything on top, over loopback.
class raw_socket {
 public:
  explicit raw_socket(int number) : number_(number) {}
  raw_socket(raw_socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~raw_socket() {
    if (number_ >= 0) ::close(number_);
  }

  static raw_socket to(std::uint16_t port) {
    raw_socket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at = on_loopback(port);
    if (::connect(made.number_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      throw std::runtime_error("cannot connect");
    }
    return made;
  }
  /// Listens on a free port.
  static raw_socket listening() {
    raw_socket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at = on_loopback(0);
    if (::bind(made.number_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(made.number_, 64) != 0) {
      throw std::runtime_error("cannot listen");
    }
    return made;
  }

  int number() const { return number_; }
  std::uint16_t port() const {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    getsockname(number_, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
  }
  raw_socket accept() const {
    return raw_socket(::accept4(number_, nullptr, nullptr, SOCK_CLOEXEC));
  }
  void send(const std::string& bytes) const {
    // A peer that has closed already is not this socket's failure.
    [[maybe_unused]] const auto sent = ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Whether the peer closes (or has closed) the connection within so long; what it sent is lost.
  bool is_closed_within(std::chrono::milliseconds patience) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd what{number_, POLLIN, 0};
      if (::poll(&what, 1, left.count() < 0 ? 0 : static_cast<int>(left.count())) <= 0)
        return false;
      char bytes[4096];
      if (::recv(number_, bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return true;
    }
  }

 private:
  int number_;
};

}  // namespace troupe::testing
