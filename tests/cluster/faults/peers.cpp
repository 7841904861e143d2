#include "cluster/faults/peers.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace troupe::testing {

namespace {

constexpr std::chrono::seconds longest_send{30};

}  // namespace

bool peer::wait(short events, std::chrono::milliseconds patience) const {
  pollfd p{socket_.get(), events, 0};
  return poll(&p, 1, static_cast<int>(patience.count())) > 0;
}

peer::peer(const std::string& address, std::uint16_t port, std::chrono::milliseconds patience)
    : socket_(start_connecting(address, port)) {
  const bool over = wait(POLLOUT, patience);
  const int error = over ? how_connecting_ended(socket_) : ETIMEDOUT;
  if (error != 0) throw std::system_error(error, std::generic_category(), "connect to " + address);
}

void peer::say(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    if (!wait(POLLOUT, longest_send)) throw std::runtime_error("the other side does not read");
    const ssize_t count =
        send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (count < 0 && errno != EAGAIN) throw std::system_error(errno, std::generic_category());
  }
}

void peer::finish() {
  shutdown(socket_.get(), SHUT_WR);
}

std::string peer::hear(std::size_t count, std::chrono::milliseconds patience) {
  std::string heard(count, '\0');
  std::size_t have = 0;
  while (have < count && wait(POLLIN, patience)) {
    const ssize_t got = recv(socket_.get(), heard.data() + have, count - have, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) break;
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  heard.resize(have);
  return heard;
}

peer::state peer::next(std::chrono::milliseconds patience) {
  if (!wait(POLLIN, patience)) return state::silent;
  char byte;
  const ssize_t got = recv(socket_.get(), &byte, 1, MSG_PEEK);
  if (got > 0) return state::speaking;
  return got == 0 ? state::finished : state::reset;
}

struct echo_server::implementation {
  descriptor listener, end{eventfd(0, EFD_CLOEXEC)};
  std::thread thread;

  void run() {
    std::vector<descriptor> clients;
    std::vector<char> buffer(256 << 10);
    std::vector<pollfd> watched;
    while (true) {
      watched = {{end.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
      for (const descriptor& c : clients) watched.push_back({c.get(), POLLIN, 0});
      poll(watched.data(), watched.size(), -1);
      if (watched[0].revents) return;
      for (std::size_t i = clients.size(); i-- > 0;) {
        if (watched[i + 2].revents && !echo(clients[i], buffer)) {
          clients[i] = std::move(clients.back());
          clients.pop_back();
        }
      }
      if (watched[1].revents) {
        if (descriptor c = take_in(listener)) clients.push_back(std::move(c));
      }
    }
  }

  /// \returns false at the end of the connection.
  bool echo(const descriptor& client, std::vector<char>& buffer) const {
    const ssize_t count = recv(client.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) return count < 0 && errno == EAGAIN;
    for (ssize_t sent = 0; sent < count;) {
      const auto rest = static_cast<std::size_t>(count - sent);
      const ssize_t n = send(client.get(), buffer.data() + sent, rest, MSG_NOSIGNAL);
      if (n > 0) sent += n;
      if (n > 0) continue;
      if (errno != EAGAIN) return false;
      pollfd both[2] = {{client.get(), POLLOUT, 0}, {end.get(), POLLIN, 0}};
      poll(both, 2, -1);
      if (both[1].revents) return false;
    }
    return true;
  }
};

echo_server::echo_server(const std::string& address, std::uint16_t port)
    : implementation_(std::make_unique<implementation>()) {
  implementation_->listener = listen_on(address, port);
  implementation_->thread = std::thread([this] { implementation_->run(); });
}

echo_server::~echo_server() {
  eventfd_write(implementation_->end.get(), 1);
  implementation_->thread.join();
}

std::uint16_t echo_server::port() const {
  return port_of(implementation_->listener);
}

}  // namespace troupe::testing
