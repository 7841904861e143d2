#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Owns an open file descriptor.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor();

  explicit operator bool() const noexcept { return number_ >= 0; }
  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

/// An address and port of either family.
struct socket_address {
  sockaddr_storage bytes{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&bytes); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&bytes); }
  std::uint16_t port() const noexcept;
  /// Cannot be reached from another machine.
  bool is_loopback() const noexcept;
};

/// "10.0.0.7:4000", "[::1]:4000".
std::string to_text(const socket_address& address);
std::string to_text(const std::string& host, std::uint16_t port);

/// All addresses of a name or number; `listening`: of this machine, "" and "0.0.0.0" and "::" mean
/// all of them. Waits for name servers. \throws error (run) naming host and port.
std::vector<socket_address> resolve(const std::string& host, std::uint16_t port, bool listening);

/// A socket that listens. \throws error (run) naming the address.
descriptor listen_on(const socket_address& address);
socket_address local_address(int socket);

/// Whether a connection begins and ends at the same address.
bool is_within_machine(int socket);

/// Starts to connect without waiting. \returns none, with errno set, where that fails at once.
descriptor start_connecting(const socket_address& address);

/// What a connection between nodes wants of TCP: no delay, and an end to silence. `dead_after`:
/// seconds; unanswered bytes end the connection no sooner.
void tune(int socket, double dead_after);

/// Raises how many descriptors this process may open to what it is allowed to.
void raise_descriptor_limit();
/// How many descriptors this process may open.
std::size_t descriptor_limit();

}  // namespace troupe
