#include "cluster/faults/sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace troupe::testing {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &a.sin_addr) != 1) {
    throw std::runtime_error("'" + address + "' is no IPv4 address");
  }
  return a;
}

descriptor make_socket() {
  descriptor s(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!s) fail("socket");
  return s;
}

/// Small messages leave at once: delays are the relay's business.
void hurry(const descriptor& socket) {
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

descriptor listen_on(const std::string& address, std::uint16_t port) {
  const sockaddr_in a = socket_address(address, port);
  descriptor s = make_socket();
  const int on = 1;
  setsockopt(s.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(s.get(), reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0) fail("bind " + address);
  if (listen(s.get(), SOMAXCONN) != 0) fail("listen");
  return s;
}

std::uint16_t port_of(const descriptor& socket) {
  sockaddr_in a{};
  socklen_t size = sizeof a;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&a), &size) != 0) fail("getsockname");
  return ntohs(a.sin_port);
}

descriptor take_in(const descriptor& listener) {
  descriptor s(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (s) hurry(s);
  return s;
}

descriptor start_connecting(const std::string& address, std::uint16_t port) {
  const sockaddr_in a = socket_address(address, port);
  descriptor s = make_socket();
  hurry(s);
  // An error at once shows like one that comes later: as an error of the socket's.
  static_cast<void>(connect(s.get(), reinterpret_cast<const sockaddr*>(&a), sizeof a));
  return s;
}

int how_connecting_ended(const descriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void reset(descriptor& socket) {
  const linger at_once{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.close();
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace troupe::testing
