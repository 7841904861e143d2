#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "cluster/faults/sockets.hpp"

namespace troupe::testing {

/// The tests' side of a TCP connection. Waits, but never without end.
class peer {
 public:
  explicit peer(descriptor socket) : socket_(std::move(socket)) {}
  /// Connects. \throws std::runtime_error where that fails or takes longer than `patience`.
  peer(const std::string& address, std::uint16_t port,
       std::chrono::milliseconds patience = std::chrono::seconds(10));

  /// Sends all of it. \throws std::runtime_error where the other side is gone or does not read.
  void say(const std::string& bytes);
  /// No more is said.
  void finish();
  /// Up to `count` bytes: fewer where the connection ends, or where nothing comes for `patience`.
  std::string hear(std::size_t count,
                   std::chrono::milliseconds patience = std::chrono::seconds(10));

  enum class state { silent, speaking, finished, reset };
  /// What comes next, within `patience`.
  state next(std::chrono::milliseconds patience = std::chrono::seconds(10));

  const descriptor& socket() const noexcept { return socket_; }
  void close() { socket_.close(); }
  void reset() { testing::reset(socket_); }

 private:
  bool wait(short events, std::chrono::milliseconds patience) const;
  descriptor socket_;
};

/// Sends everything back, in a thread of its own.
class echo_server {
 public:
  explicit echo_server(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~echo_server();
  echo_server(const echo_server&) = delete;
  echo_server& operator=(const echo_server&) = delete;
  std::uint16_t port() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe::testing
