#include "troupe/cluster/transport/gate.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

constexpr std::uint64_t wake_id = 0;
/// Accepted in one go, so that handshakes under way get their turn in a flood.
constexpr int most_at_once = 16;
constexpr std::chrono::milliseconds pause_without_descriptors{100};
constexpr std::chrono::seconds longest_patience{1};
constexpr std::uint32_t handshake_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

descriptor open_reserve() {
  return descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool out_of_descriptors(int problem) {
  return problem == EMFILE || problem == ENFILE || problem == ENOBUFS || problem == ENOMEM;
}

}  // namespace

gate::gate(std::shared_ptr<const tls_context> tls, gate_limits limits,
           std::shared_ptr<refusals> refused)
    : tls_(std::move(tls)),
      limits_(limits),
      refused_(std::move(refused)),
      poll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      reserve_(open_reserve()) {
  if (!poll_ || !wake_ || !reserve_) {
    throw run_error("", std::string("cannot open what connections need: ") + std::strerror(errno));
  }
  watch(wake_.get(), wake_id, EPOLLIN);
  thread_ = std::thread([this] { run(); });
}

gate::~gate() {
  stop();
}

void gate::post(std::function<void()> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return;
    jobs_.push_back(std::move(job));
  }
  const std::uint64_t one = 1;
  // Only a full counter fails, and then the thread wakes up anyhow.
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

std::uint64_t gate::open(descriptor listening, admitted to) {
  const std::uint64_t id = ++last_id_;
  auto socket = std::make_shared<descriptor>(std::move(listening));
  post([this, id, socket, to = std::move(to)] {
    const auto [made, fresh] = doors_.try_emplace(id);
    made->second.socket = std::move(*socket);
    made->second.to = to;
    watch(made->second.socket.get(), id, EPOLLIN);
  });
  return id;
}

void gate::close(std::uint64_t door_id) {
  post([this, door_id] {
    doors_.erase(door_id);
    for (auto i = visits_.begin(); i != visits_.end();) {
      if (i->second.by != door_id) {
        ++i;
        continue;
      }
      i = visits_.erase(i);
      --strangers_;
    }
  });
}

void gate::dial(std::vector<socket_address> addresses, admitted done, failed problem) {
  auto d = std::make_shared<dialling>();
  d->addresses = std::move(addresses);
  d->done = std::move(done);
  d->problem = std::move(problem);
  d->deadline = clock::now() + std::chrono::duration_cast<clock::duration>(limits_.handshake);
  post([this, d] { try_next(d); });
}

void gate::stop() {
  if (!thread_.joinable()) return;
  post([this] { stopping_ = true; });
  thread_.join();
  // What nobody will do any more may hold on to who holds on to this.
  std::vector<std::function<void()>> undone;
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_ = true;
  undone.swap(jobs_);
}

void gate::watch(int socket, std::uint64_t id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket, &event) != 0) {
    throw run_error("", std::string("cannot watch a socket: ") + std::strerror(errno));
  }
}

void gate::run_jobs() {
  std::uint64_t count;
  [[maybe_unused]] const auto read = ::read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> jobs;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs.swap(jobs_);
  }
  for (const auto& job : jobs) job();
}

void gate::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    const int ready = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()),
                                   milliseconds_to_wait(clock::now()));
    // Those that are under way come before those that have just come.
    std::sort(events.begin(), events.begin() + std::max(ready, 0),
              [this](const epoll_event& a, const epoll_event& b) {
                // Copies: the kernel's structure is packed.
                const std::uint64_t first = a.data.u64, second = b.data.u64;
                return doors_.count(first) < doors_.count(second);
              });
    for (int i = 0; i < ready && !stopping_; ++i) {
      const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      try {
        if (id == wake_id) {
          run_jobs();
        } else if (doors_.count(id) != 0) {
          accept_some(id);
        } else {
          proceed(id, (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
        }
      } catch (const std::exception& e) {
        // Out of memory, say: whoever comes next may have more luck.
        refused_->add("a connection", std::string("met a failure of ours: ") + e.what());
      }
    }
    expire(clock::now());
  }
  run_jobs();
  for (auto& [id, v] : visits_) {
    if (v.dial) v.dial->problem("the connection was given up");
  }
  for (auto& d : pausing_) d->problem("the connection was given up");
  visits_.clear();
  pausing_.clear();
  doors_.clear();
}

int gate::milliseconds_to_wait(clock::time_point now) {
  auto next = now + std::chrono::hours(1);
  if (refused_->flush(now)) next = std::min(next, now + std::chrono::seconds(1));
  for (const auto& [id, v] : visits_) next = std::min(next, v.deadline);
  for (const auto& d : pausing_) next = std::min(next, d->next_try);
  for (const auto& [id, l] : doors_) {
    if (l.paused_until != clock::time_point{}) next = std::min(next, l.paused_until);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
  return static_cast<int>(std::max<decltype(left)>(left, 0));
}

void gate::expire(clock::time_point now) {
  for (auto i = visits_.begin(); i != visits_.end();) {
    visit& v = i->second;
    if (v.deadline > now) {
      ++i;
      continue;
    }
    if (v.dial) {
      v.dial->problem("no answer in time");
    } else {
      --strangers_;
      refused_->add(v.hands.peer(), "did not prove itself in time");
    }
    i = visits_.erase(i);
  }
  for (auto i = pausing_.begin(); i != pausing_.end();) {
    const auto d = *i;
    if (d->next_try > now) {
      ++i;
      continue;
    }
    i = pausing_.erase(i);
    try_next(d);
  }
  for (auto& [id, l] : doors_) {
    if (l.paused_until == clock::time_point{} || l.paused_until > now) continue;
    l.paused_until = {};
    watch(l.socket.get(), id, EPOLLIN);
  }
}

std::size_t gate::room() const {
  const std::size_t quarter = std::max<std::size_t>(1, descriptor_limit() / 4);
  return std::min(std::max<std::size_t>(1, limits_.most_unauthenticated), quarter);
}

void gate::drop_oldest(const char* why) {
  // Those who are silent go first, so that they do not crowd out handshakes under way.
  const auto oldest_of = [this](bool silent) {
    return std::find_if(visits_.begin(), visits_.end(), [silent](const auto& v) {
      return v.second.by != 0 && !(silent && v.second.hands.has_spoken());
    });
  };
  auto oldest = oldest_of(true);
  if (oldest == visits_.end()) oldest = oldest_of(false);
  refused_->add(oldest->second.hands.peer(), why);
  visits_.erase(oldest);
  --strangers_;
}

bool gate::make_room(door& at) {
  if (strangers_ > 0) {
    drop_oldest("had to make room: this process has no descriptors left");
    return true;
  }
  // Nobody to send away: take the newcomer with the last descriptor, and close at once.
  reserve_ = descriptor();
  socket_address from;
  descriptor newcomer(::accept4(at.socket.get(), from.get(), &from.size, SOCK_CLOEXEC));
  const bool took_one = static_cast<bool>(newcomer);
  newcomer = descriptor();
  reserve_ = open_reserve();
  if (took_one) refused_->add(to_text(from), "found no descriptor left in this process");
  return took_one && reserve_;
}

void gate::accept_some(std::uint64_t id) {
  door& at = doors_.at(id);
  for (int i = 0; i < most_at_once; ++i) {
    socket_address from;
    descriptor socket(
        ::accept4(at.socket.get(), from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      welcome(std::move(socket), from, id);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (out_of_descriptors(errno) && !make_room(at)) {
      ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, at.socket.get(), nullptr);
      at.paused_until = clock::now() + pause_without_descriptors;
      return;
    }
  }
}

void gate::welcome(descriptor socket, const socket_address& from, std::uint64_t door_id) {
  while (strangers_ >= room()) {
    drop_oldest("had to make room: too many that have not proven themselves");
  }
  const auto deadline =
      clock::now() + std::chrono::duration_cast<clock::duration>(limits_.handshake);
  begin(std::move(socket), to_text(from), door_id, nullptr, deadline);
}

void gate::begin(descriptor socket, std::string peer, std::uint64_t door_id,
                 std::shared_ptr<dialling> dial, clock::time_point deadline) {
  const std::uint64_t id = ++last_id_;
  const int number = socket.get();
  const bool dialled = dial != nullptr;
  visits_.emplace(
      id, visit{handshake(std::move(socket), tls_.get(), limits_.lanes, dialled, std::move(peer)),
                deadline, door_id, std::move(dial)});
  if (!dialled) ++strangers_;
  watch(number, id, handshake_events);  // reports at once what is there already
}

void gate::proceed(std::uint64_t id, bool hung_up) {
  const auto found = visits_.find(id);
  if (found == visits_.end()) return;  // sent away a moment ago
  const handshake::state now = found->second.hands.step(hung_up);
  if (now == handshake::state::waiting) return;
  visit v = std::move(found->second);
  visits_.erase(found);
  ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, v.hands.socket(), nullptr);
  if (!v.dial) --strangers_;
  const std::string& reason = v.hands.reason();
  if (now == handshake::state::done) {
    const auto& to = v.dial ? v.dial->done : doors_.at(v.by).to;
    to(v.hands.take());
  } else if (!v.dial) {
    refused_->add(v.hands.peer(), reason.empty() ? "went away before it proved itself" : reason);
  } else if (now == handshake::state::refused) {
    v.dial->problem("the peer " + reason);
  } else if (now == handshake::state::unreachable) {
    v.dial->last_problem = reason;
    try_next(v.dial);
  } else {
    try_again_later(v.dial, "the peer closed the connection during the handshake");
  }
}

void gate::try_next(const std::shared_ptr<dialling>& d) {
  while (d->next_address < d->addresses.size()) {
    const socket_address& to = d->addresses[d->next_address++];
    descriptor socket = start_connecting(to);
    if (socket) return begin(std::move(socket), to_text(to), 0, d, d->deadline);
    d->last_problem = std::strerror(errno);
  }
  d->problem(d->last_problem);
}

void gate::try_again_later(const std::shared_ptr<dialling>& d, const std::string& why) {
  // A listener full of strangers sends the oldest away, which may be us.
  const auto now = clock::now();
  if (now + d->patience >= d->deadline) return d->problem(why);
  d->next_try = now + d->patience;
  d->patience = std::min<clock::duration>(2 * d->patience, longest_patience);
  d->next_address = 0;
  pausing_.push_back(d);
}

}  // namespace troupe
