#include "troupe/cluster/control/control_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/cluster/control/control_peer.hpp"
#include "troupe/cluster/control/signals_blocked.hpp"

namespace troupe {

namespace {

/// How long an event may take to reach who follows, and how long nobody new is heard where
/// descriptors have run out.
constexpr int pause_milliseconds = 100;
/// Connections taken before it is the others' turn.
constexpr int most_at_once = 16;

}  // namespace

control_socket::control_socket(const std::string& folder, std::shared_ptr<control_desk> desk,
                               control_limits limits)
    : desk_(std::move(desk)),
      limits_(limits),
      listener_(folder),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!bell_) throw run_error(folder, "cannot listen for status and stop: out of descriptors");
  const signals_blocked guard;
  thread_ = std::thread([this] { serve(); });
}

control_socket::~control_socket() {
  const std::uint64_t ring = 1;
  // Nothing else rings: it cannot be full.
  [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &ring, sizeof ring);
  thread_.join();
}

void control_socket::serve() {
  while (!turn(patience())) {
  }
  listener_.reset();
  for (const auto& peer : peers_) peer->finish();
  const auto deadline = clock::now() + limits_.farewell;
  while (!peers_.empty() && clock::now() < deadline) turn(pause_milliseconds);
  peers_.clear();
}

int control_socket::patience() const {
  const auto any = [this](auto is) { return std::any_of(peers_.begin(), peers_.end(), is); };
  if (any([](const auto& peer) { return peer->wants_turn(); })) return 0;
  if (deaf_ || any([](const auto& peer) { return peer->follows(); })) return pause_milliseconds;
  return -1;
}

bool control_socket::turn(int milliseconds) {
  const bool ended = !listener_;
  std::vector<pollfd> files = {{ended ? -1 : bell_.get(), POLLIN, 0},
                               {ended || deaf_ ? -1 : listener_->file(), POLLIN, 0}};
  for (const auto& peer : peers_) files.push_back({peer->file(), peer->wants(), 0});
  if (::poll(files.data(), files.size(), milliseconds) < 0) {
    for (pollfd& file : files) file.revents = 0;
  }
  deaf_ = false;
  auto file = files.begin() + 2;
  const auto gone = std::remove_if(peers_.begin(), peers_.end(), [&](const auto& peer) {
    try {
      return !peer->step((file++)->revents);
    } catch (const std::exception&) {  // out of memory, by what it asked for
      return true;
    }
  });
  peers_.erase(gone, peers_.end());
  if (files[1].revents != 0) welcome();
  return files[0].revents != 0;
}

void control_socket::welcome() {
  for (int i = 0; i < most_at_once; ++i) {
    owned_file connection(
        ::accept4(listener_->file(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      deaf_ = errno != EAGAIN && errno != ECONNABORTED && errno != EINTR;
      return;
    }
    if (peers_.size() >= limits_.clients) {
      // Those who follow events are quiet by nature.
      peers_.erase(std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
        return std::pair(a->follows(), a->last_active()) <
               std::pair(b->follows(), b->last_active());
      }));
    }
    peers_.push_back(std::make_unique<control_peer>(std::move(connection), desk_, limits_.request));
  }
}

}  // namespace troupe
