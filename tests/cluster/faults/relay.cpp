#include "cluster/faults/relay.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "cluster/faults/line.hpp"
#include "cluster/faults/sockets.hpp"

namespace troupe::testing {

namespace {

/// Read in one go, so that a socket's buffer is emptied before the next one's turn.
constexpr std::size_t chunk_size = 256 << 10;
constexpr int chunks_per_turn = 8;
/// What a direction holds: enough for a gigabyte a second over a delay of 64 ms.
constexpr std::size_t most_in_flight = 64 << 20;

// Names of descriptors in epoll: two for each connection.
constexpr std::uint64_t wake_up = 0, newcomer = 1, first_connection = 2;

/// Side 0 is the client, side 1 the target; line i leads away from side i.
struct connection {
  std::array<descriptor, 2> sides;
  std::array<line, 2> lines;
  std::array<bool, 2> readable{}, writable{}, read_all{}, shut{};
  bool unfinished = false;  ///< its turn ended before its work

  bool over() const { return !sides[0] || (shut[0] && shut[1]); }
};

}  // namespace

struct relay::implementation {
  std::string address, target;
  std::uint16_t port = 0, target_port = 0;
  relay_settings settings;
  descriptor listener, wake, poll;
  std::map<std::uint64_t, connection> connections;
  std::uint64_t next = first_connection;
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, 2> bytes{};
  std::vector<char> buffer = std::vector<char>(chunk_size);
  bool ends = false;

  std::mutex mutex;
  std::vector<std::packaged_task<void()>> orders;
  std::thread thread;

  explicit implementation(const std::string& a)
      : address(a),
        listener(listen_on(a)),
        wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        poll(epoll_create1(EPOLL_CLOEXEC)) {
    port = port_of(listener);
    watch(wake, EPOLLIN, wake_up);
    watch(listener, 0, newcomer);
    thread = std::thread([this] { run(); });
  }

  ~implementation() {
    tell([this] { ends = true; });
    thread.join();
  }

  /// Has the relay's thread do something, and waits until it is done.
  void tell(std::function<void()> what) {
    std::packaged_task<void()> order(std::move(what));
    std::future<void> done = order.get_future();
    {
      const std::lock_guard<std::mutex> lock(mutex);
      orders.push_back(std::move(order));
    }
    eventfd_write(wake.get(), 1);
    done.get();
  }

  // All that follows runs in the relay's thread.

  void watch(const descriptor& d, std::uint32_t events, std::uint64_t name, bool known = false) {
    epoll_event e{};
    e.events = events;
    e.data.u64 = name;
    epoll_ctl(poll.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, d.get(), &e);
  }

  bool lets_in() const { return target_port != 0 && !settings.partitioned; }

  line_settings settings_of(int side) const {
    const auto delay = side == 0 ? settings.delay_there : settings.delay_back;
    return {delay, settings.delay_there + settings.delay_back, settings.loss, settings.garble};
  }

  void obey() {
    eventfd_t ignored;
    eventfd_read(wake.get(), &ignored);
    std::vector<std::packaged_task<void()>> taken;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      taken.swap(orders);
    }
    for (auto& order : taken) order();
    watch(listener, lets_in() ? std::uint32_t{EPOLLIN} : 0u, newcomer, true);
    for (auto& [name, c] : connections) c.unfinished = true;  // what holds for them has changed
  }

  void welcome() {
    while (descriptor client = take_in(listener)) {
      connection c{{std::move(client), start_connecting(target, target_port)},
                   {line(next), line(next + 1)}};
      // Edge-triggered: what is not read while partitioned does not wake the thread again.
      for (int side : {0, 1}) watch(c.sides[side], EPOLLIN | EPOLLOUT | EPOLLET, next + side);
      connections.emplace(next, std::move(c));
      next += 2;
      ++accepted;
    }
  }

  static void break_up(connection& c) {
    for (descriptor& side : c.sides) reset(side);
  }

  void deliver(connection& c, int from, line::time now) {
    line& way = c.lines[from];
    const int to = 1 - from;
    for (line::part part = way.arrived(now); part.count > 0 && c.writable[to];
         part = way.arrived(now)) {
      const ssize_t sent = ::send(c.sides[to].get(), part.bytes, part.count, MSG_NOSIGNAL);
      if (sent >= 0) {
        way.take(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        c.writable[to] = false;
      } else {
        return break_up(c);
      }
    }
    if (c.shut[to] || !way.ended(now)) return;
    if (way.was_reset()) return break_up(c);
    shutdown(c.sides[to].get(), SHUT_WR);
    c.shut[to] = true;
  }

  /// Reads one chunk. \returns whether there may be more.
  bool collect(connection& c, int from, line::time now) {
    line& way = c.lines[from];
    const line_settings how = settings_of(from);
    if (!c.readable[from] || c.read_all[from] || way.in_flight() >= most_in_flight) return false;
    const bool at_once = how.delay.count() == 0 && how.loss == 0;
    // What the other side does not take yet stays in the socket.
    if (at_once && way.in_flight() > 0) return false;
    const ssize_t count = recv(c.sides[from].get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EAGAIN) {
      c.readable[from] = false;
      return false;
    }
    if (count <= 0) {
      c.read_all[from] = true;
      way.end(count < 0, now, how);
      return true;
    }
    std::size_t passed = 0;
    if (at_once && how.garble == 0 && c.writable[1 - from]) {
      const ssize_t sent = ::send(c.sides[1 - from].get(), buffer.data(),
                                  static_cast<std::size_t>(count), MSG_NOSIGNAL);
      if (sent > 0) passed = static_cast<std::size_t>(sent);
    }
    bytes[from] += static_cast<std::uint64_t>(count);
    const std::size_t rest = static_cast<std::size_t>(count) - passed;
    if (rest > 0) way.send(buffer.data() + passed, rest, now, how);
    return true;
  }

  void serve(connection& c) {
    c.unfinished = false;
    if (settings.partitioned) return;
    for (int from : {0, 1}) {
      bool more = true;
      for (int i = 0; more && !c.over(); ++i) {
        if (i == chunks_per_turn) {
          c.unfinished = true;
          break;
        }
        const line::time now = std::chrono::steady_clock::now();
        deliver(c, from, now);
        more = !c.over() && collect(c, from, now);
      }
    }
  }

  /// Milliseconds until something arrives; -1: nothing is on its way.
  int patience() const {
    if (settings.partitioned) return -1;
    const line::time now = std::chrono::steady_clock::now();
    line::time first = line::time::max();
    for (const auto& [name, c] : connections) {
      if (c.unfinished) return 0;
      for (int from : {0, 1}) {
        const auto due = c.lines[from].next();
        // Bytes that are due wait for their receiver, which epoll tells of.
        if (due && !c.shut[1 - from] && (*due > now || c.writable[1 - from])) {
          first = std::min(first, *due);
        }
      }
    }
    if (first == line::time::max()) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(first - now).count();
    return static_cast<int>(std::clamp<long>(wait, 0, 60'000));
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (!ends) {
      const int count = epoll_wait(poll.get(), events.data(), events.size(), patience());
      for (int i = 0; i < count; ++i) {
        const std::uint64_t name = events[i].data.u64;
        if (name == wake_up) {
          obey();
        } else if (name == newcomer) {
          if (lets_in()) welcome();
        } else {
          note(name, events[i].events);
        }
      }
      const line::time now = std::chrono::steady_clock::now();
      for (auto i = connections.begin(); i != connections.end();) {
        connection& c = i->second;
        const auto due = [&](const line& l) { return l.next() && *l.next() <= now; };
        if (c.unfinished || due(c.lines[0]) || due(c.lines[1])) serve(c);
        i = c.over() ? connections.erase(i) : std::next(i);
      }
    }
  }

  void note(std::uint64_t name, std::uint32_t events) {
    const int side = static_cast<int>(name & 1);
    const auto found = connections.find(name - static_cast<std::uint64_t>(side));
    if (found == connections.end()) return;
    connection& c = found->second;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) c.readable[side] = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) c.writable[side] = true;
    c.unfinished = true;
  }
};

relay::relay(const std::string& address)
    : implementation_(std::make_unique<implementation>(address)) {}

relay::relay(const std::string& target, std::uint16_t port) : relay() {
  lead_to(target, port);
}

relay::~relay() = default;

const std::string& relay::address() const noexcept {
  return implementation_->address;
}

std::uint16_t relay::port() const noexcept {
  return implementation_->port;
}

std::string relay::name() const {
  return address() + ":" + std::to_string(port());
}

void relay::lead_to(const std::string& target, std::uint16_t port) {
  implementation_->tell([&] {
    implementation_->target = target;
    implementation_->target_port = port;
  });
}

void relay::set(const relay_settings& settings) {
  implementation_->tell([&] { implementation_->settings = settings; });
}

relay_settings relay::settings() const {
  relay_settings copy;
  implementation_->tell([&] { copy = implementation_->settings; });
  return copy;
}

void relay::partition(bool on) {
  implementation_->tell([&] { implementation_->settings.partitioned = on; });
}

void relay::cut() {
  implementation_->tell([&] {
    for (auto& [name, c] : implementation_->connections) implementation_->break_up(c);
    implementation_->connections.clear();
  });
}

relay_traffic relay::traffic() const {
  relay_traffic seen;
  implementation_->tell([&] {
    const implementation& i = *implementation_;
    seen = {i.connections.size(), i.accepted, i.bytes[0], i.bytes[1]};
  });
  return seen;
}

}  // namespace troupe::testing
