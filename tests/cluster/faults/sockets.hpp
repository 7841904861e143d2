#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace troupe::testing {

/// A file descriptor that closes itself.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { close(); }

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

// TCP over IPv4. Nothing here waits, and no socket outlives an exec.

/// A socket that listens. Port 0: a free one. \throws std::runtime_error.
descriptor listen_on(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
std::uint16_t port_of(const descriptor& socket);
/// A connection, or the invalid descriptor where nobody waits to be taken in.
descriptor take_in(const descriptor& listener);
/// Begins to connect: the socket is writable once that is over. \throws std::runtime_error where
/// there is no socket to be had.
descriptor start_connecting(const std::string& address, std::uint16_t port);
/// How connecting ended: 0, or an error number.
int how_connecting_ended(const descriptor& socket);
/// Closes with a reset, which throws away what the other side has not read.
void reset(descriptor& socket);

/// Lets this process have as many descriptors as the system allows.
void raise_descriptor_limit();

}  // namespace troupe::testing
