#include "troupe/cluster/transport/sockets.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

const sockaddr_in& v4(const socket_address& a) {
  return reinterpret_cast<const sockaddr_in&>(a.bytes);
}
const sockaddr_in6& v6(const socket_address& a) {
  return reinterpret_cast<const sockaddr_in6&>(a.bytes);
}

void set(int socket, int level, int option, int value) {
  // None of them decides whether a connection works.
  setsockopt(socket, level, option, &value, sizeof value);
}

int clamped_seconds(double seconds, double most) {
  return static_cast<int>(std::ceil(std::min(std::max(seconds, 1.0), most)));
}

}  // namespace

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::uint16_t socket_address::port() const noexcept {
  return ntohs(bytes.ss_family == AF_INET6 ? v6(*this).sin6_port : v4(*this).sin_port);
}

bool socket_address::is_loopback() const noexcept {
  if (bytes.ss_family == AF_INET) return ntohl(v4(*this).sin_addr.s_addr) >> 24 == 127;
  if (bytes.ss_family != AF_INET6) return false;
  const in6_addr& a = v6(*this).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&a) || (IN6_IS_ADDR_V4MAPPED(&a) && a.s6_addr[12] == 127);
}

std::string to_text(const std::string& host, std::uint16_t port) {
  return fmt::format(host.find(':') == std::string::npos ? "{}:{}" : "[{}]:{}", host, port);
}

std::string to_text(const socket_address& address) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (address.bytes.ss_family == AF_INET6) {
    const in6_addr& a = v6(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&a)) {
      inet_ntop(AF_INET, a.s6_addr + 12, host, sizeof host);
    } else {
      inet_ntop(AF_INET6, &a, host, sizeof host);
    }
  } else if (address.bytes.ss_family == AF_INET) {
    inet_ntop(AF_INET, &v4(address).sin_addr, host, sizeof host);
  }
  return to_text(std::string(host), address.port());
}

std::vector<socket_address> resolve(const std::string& host, std::uint16_t port, bool listening) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0);
  addrinfo* first = nullptr;
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &first);
  if (failed != 0) throw run_error(to_text(host, port), gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(first, freeaddrinfo);
  std::vector<socket_address> found;
  for (const addrinfo* a = all.get(); a != nullptr; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    found.emplace_back();
    std::memcpy(&found.back().bytes, a->ai_addr, a->ai_addrlen);
    found.back().size = a->ai_addrlen;
  }
  if (found.empty()) throw run_error(to_text(host, port), "has no address");
  return found;
}

descriptor listen_on(const socket_address& address) {
  descriptor made(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made) {
    // A port that closed a moment ago is free again; one that is listened on is not.
    set(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (address.bytes.ss_family == AF_INET6) set(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  }
  if (!made || ::bind(made.get(), address.get(), address.size) != 0 ||
      ::listen(made.get(), SOMAXCONN) != 0) {
    throw run_error(to_text(address), std::string("cannot listen: ") + std::strerror(errno));
  }
  return made;
}

socket_address local_address(int socket) {
  socket_address own;
  getsockname(socket, own.get(), &own.size);
  return own;
}

bool is_within_machine(int socket) {
  socket_address peer;
  if (getpeername(socket, peer.get(), &peer.size) != 0) return false;
  const socket_address own = local_address(socket);
  if (own.bytes.ss_family != peer.bytes.ss_family) return false;
  if (own.bytes.ss_family == AF_INET) return v4(own).sin_addr.s_addr == v4(peer).sin_addr.s_addr;
  return own.bytes.ss_family == AF_INET6 &&
         std::memcmp(&v6(own).sin6_addr, &v6(peer).sin6_addr, sizeof(in6_addr)) == 0;
}

descriptor start_connecting(const socket_address& address) {
  descriptor made(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made && ::connect(made.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    const int why = errno;
    made = descriptor();
    errno = why;
  }
  return made;
}

void tune(int socket, double dead_after) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  // Heartbeats find out about silence; the kernel's timers clear away what they leave, later.
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, clamped_seconds(dead_after, 7200));
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, clamped_seconds(dead_after / 4, 75));
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 2000 * clamped_seconds(dead_after, 7200));
}

std::size_t descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace troupe
