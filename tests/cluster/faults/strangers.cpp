#include "cluster/faults/strangers.hpp"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <random>
#include <thread>

#include "cluster/faults/sockets.hpp"

namespace troupe::testing {

namespace {

using clock_type = std::chrono::steady_clock;

const char* name_of(stranger kind) {
  switch (kind) {
    case stranger::silent:
      return "silent";
    case stranger::slow:
      return "slow";
    case stranger::garbage:
      return "garbage";
    case stranger::basp_header:
      return "BASP header";
    case stranger::client_hello:
      return "client hello";
    default:
      return "HTTP request";
  }
}

std::string big_endian(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::string with_size(const std::string& body, int size_bytes) {
  return big_endian(body.size(), size_bytes) + body;
}

std::string noise(std::size_t count, std::mt19937_64& random) {
  std::string bytes(count, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
  return bytes;
}

/// What a TLS 1.2 client says first, and would be answered to with a certificate.
std::string client_hello(std::mt19937_64& random) {
  const std::string ciphers("\xc0\x2f\xc0\x30\xc0\x2b\xc0\x2c", 8);  // ECDHE with AES-GCM
  const std::string groups("\0\x17\0\x18", 4);
  const std::string signatures("\4\3\4\1\5\3\5\1", 8);
  const std::string extensions = big_endian(10, 2) + with_size(with_size(groups, 2), 2) +
                                 big_endian(13, 2) + with_size(with_size(signatures, 2), 2);
  const std::string hello = "\3\3" + noise(32, random) + with_size("", 1) + with_size(ciphers, 2) +
                            with_size(std::string(1, '\0'), 1) + with_size(extensions, 2);
  return "\x16\3\1" + with_size("\1" + with_size(hello, 3), 2);
}

/// A BASP header that opens a server's handshake, without the payload that must follow, and eight
/// bytes more.
std::string basp_header() {
  return std::string(8, '\0') + big_endian(3, 8) + std::string(24, '\0');
}

std::string speech_of(stranger kind, std::mt19937_64& random) {
  switch (kind) {
    case stranger::silent:
      return "";
    case stranger::garbage:
      return noise(1 + random() % 4096, random);
    case stranger::basp_header:
      return basp_header();
    case stranger::http_request:
      return "GET / HTTP/1.1\r\nHost: troupe\r\n\r\n";
    default:
      return client_hello(random);
  }
}

struct visit {
  stranger kind;
  descriptor socket;
  std::string speech;  ///< that was not sent yet
  clock_type::time_point connected, next_byte;
  bool inside = false;
};

}  // namespace

const std::vector<stranger>& all_strangers() {
  static const std::vector<stranger> all = {stranger::silent,       stranger::slow,
                                            stranger::garbage,      stranger::basp_header,
                                            stranger::client_hello, stranger::http_request};
  return all;
}

stranger_count& stranger_count::operator+=(const stranger_count& other) {
  came += other.came;
  connecting += other.connecting;
  open += other.open;
  refused += other.refused;
  turned_away += other.turned_away;
  longest = std::max(longest, other.longest);
  return *this;
}

struct strangers::implementation {
  mutable std::mutex mutex;
  std::vector<visit> visits;
  std::map<stranger, stranger_count> counts;
  std::mt19937_64 random{20};
  bool ends = false;
  descriptor wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  descriptor poll{epoll_create1(EPOLL_CLOEXEC)};
  std::thread thread{[this] { run(); }};

  static constexpr std::uint64_t wake_up = ~0ull;

  void watch(const descriptor& d, std::uint32_t events, std::uint64_t name) {
    epoll_event e{};
    e.events = events;
    e.data.u64 = name;
    epoll_ctl(poll.get(), EPOLL_CTL_ADD, d.get(), &e);
  }

  void run() {
    watch(wake, EPOLLIN, wake_up);
    std::array<epoll_event, 256> events;
    while (true) {
      // Slow ones speak in time, to a tenth of a second.
      const int count = epoll_wait(poll.get(), events.data(), events.size(), 100);
      const std::lock_guard<std::mutex> lock(mutex);
      if (ends) return;
      for (int i = 0; i < count; ++i) {
        const std::uint64_t name = events[i].data.u64;
        if (name < visits.size() && visits[name].socket) react(visits[name]);
      }
      const auto now = clock_type::now();
      for (visit& v : visits) {
        if (v.kind == stranger::slow && v.inside && v.next_byte <= now) speak(v);
      }
    }
  }

  void react(visit& v) {
    stranger_count& count = counts[v.kind];
    if (!v.inside) {
      --count.connecting;
      if (how_connecting_ended(v.socket) != 0) {
        ++count.refused;
        return v.socket.close();
      }
      ++count.open;
      v.inside = true;
      v.connected = v.next_byte = clock_type::now();
    }
    speak(v);
    char ignored[4096];
    ssize_t got = 0;
    do {
      got = recv(v.socket.get(), ignored, sizeof ignored, 0);
    } while (got > 0);
    if (got < 0 && errno == EAGAIN) return;
    --count.open;
    ++count.turned_away;
    count.longest = std::max(count.longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                                clock_type::now() - v.connected));
    v.inside = false;
    v.socket.close();
  }

  void speak(visit& v) {
    const bool slowly = v.kind == stranger::slow;
    if (v.speech.empty() || (slowly && clock_type::now() < v.next_byte)) return;
    const std::size_t most = slowly ? 1 : v.speech.size();
    const ssize_t sent = send(v.socket.get(), v.speech.data(), most, MSG_NOSIGNAL);
    if (sent > 0) v.speech.erase(0, static_cast<std::size_t>(sent));
    v.next_byte += std::chrono::seconds(1);
  }
};

strangers::strangers() : implementation_(std::make_unique<implementation>()) {
  raise_descriptor_limit();
}

strangers::~strangers() {
  {
    const std::lock_guard<std::mutex> lock(implementation_->mutex);
    implementation_->ends = true;
  }
  eventfd_write(implementation_->wake.get(), 1);
  implementation_->thread.join();
}

void strangers::come(const std::string& address, std::uint16_t port, std::size_t count,
                     const std::vector<stranger>& kinds) {
  implementation& all = *implementation_;
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (std::size_t i = 0; i < count; ++i) {
    const stranger kind = kinds[i % kinds.size()];
    visit v{kind, start_connecting(address, port), speech_of(kind, all.random), {}, {}};
    all.watch(v.socket, EPOLLIN | EPOLLOUT | EPOLLET, all.visits.size());
    all.visits.push_back(std::move(v));
    ++all.counts[kind].came;
    ++all.counts[kind].connecting;
  }
}

void strangers::leave() {
  implementation& all = *implementation_;
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (visit& v : all.visits) {
    v.inside = false;
    v.socket.close();
  }
  for (auto& [kind, count] : all.counts) count.open = count.connecting = 0;
}

std::map<stranger, stranger_count> strangers::counts() const {
  const std::lock_guard<std::mutex> lock(implementation_->mutex);
  return implementation_->counts;
}

stranger_count strangers::total() const {
  stranger_count sum;
  for (const auto& [kind, count] : counts()) sum += count;
  return sum;
}

std::string strangers::report() const {
  std::string text;
  for (const auto& [kind, c] : counts()) {
    text += fmt::format(
        "{}{}: {} came, {} connecting, {} open, {} refused, {} turned away within "
        "{} ms",
        text.empty() ? "" : "; ", name_of(kind), c.came, c.connecting, c.open, c.refused,
        c.turned_away, c.longest.count());
  }
  return text;
}

}  // namespace troupe::testing
