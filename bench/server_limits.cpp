#include "server_limits.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "nodes.hpp"
#include "timing.hpp"
#include "troupe/base/error.hpp"

namespace troupe::bench {

rate over_sockets(const server_arguments& a) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(listening, address, size) != 0 || ::listen(listening, 1) != 0 ||
      ::getsockname(listening, address, &size) != 0) {
    throw run_error("socket", std::strerror(errno));
  }
  std::vector<char> bytes(a.slice_bytes, 1);
  const int now = 1;
  if (::fork() == 0) {
    const int to = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(to, address, size) != 0) std::_Exit(1);
    ::setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    while (::recv(to, bytes.data(), bytes.size(), MSG_WAITALL) ==
           static_cast<ssize_t>(bytes.size())) {
      write_bytes(to, bytes.data(), bytes.size());
    }
    std::_Exit(0);
  }
  const int to = ::accept(listening, nullptr, nullptr);
  ::setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
  rate all;
  const auto start = ticks::now();
  for (; all.seconds < a.seconds; all.seconds = seconds_since(start)) {
    for (std::size_t sent = 0; sent < a.model_bytes; sent += a.slice_bytes) {
      write_bytes(to, bytes.data(), bytes.size());
      if (::recv(to, bytes.data(), bytes.size(), MSG_WAITALL) <= 0) std::_Exit(1);
    }
    ++all.windows;
  }
  ::close(to);
  ::close(listening);
  ::wait(nullptr);
  return all;
}

rate by_copying(const server_arguments& a) {
  std::vector<char> from(a.model_bytes, 1), to(a.model_bytes, 2);
  rate all;
  const auto start = ticks::now();
  for (; all.seconds < a.seconds; all.seconds = seconds_since(start)) {
    std::memcpy(to.data(), from.data(), from.size());
    asm volatile("" ::: "memory");
    std::memcpy(from.data(), to.data(), from.size());
    asm volatile("" ::: "memory");
    ++all.windows;
  }
  return all;
}

}  // namespace troupe::bench
