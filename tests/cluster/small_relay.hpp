#pragma once

#include <fcntl.h>

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "cluster/raw_socket.hpp"

namespace troupe::testing {

/// Stands between a port and those who dial it: passes bytes on, late, slowly, or not at all.
class small_relay {
 public:
  explicit small_relay(std::uint16_t to) : to_(to), door_(raw_socket::listening()) {
    ::fcntl(door_.number(), F_SETFL, O_NONBLOCK);
    thread_ = std::thread([this] { run(); });
  }
  ~small_relay() {
    ended_ = true;
    thread_.join();
  }

  std::uint16_t port() const { return door_.port(); }
  /// As behind a cut cable: nothing is read, nothing is written, nothing is closed.
  void freeze(bool frozen) { frozen_ = frozen; }
  /// Hangs up on those who dialled, now; those they reached are not told.
  void hang_up_on_callers() {
    hang_up_ = true;
    while (hang_up_) std::this_thread::yield();
  }
  void delay(std::chrono::milliseconds by) { delay_ = by; }
  /// Bytes a second, each way; 0: any.
  void pace(std::size_t bytes) { pace_ = bytes; }

 private:
  using clock = std::chrono::steady_clock;
  struct parcel {
    clock::time_point due;
    std::string bytes;
  };
  struct way {
    int from, to;
    std::deque<parcel> under_way = {};
    double allowance = 0;
    bool ended = false;
  };
  struct pair {
    raw_socket near, far;
    way there, back;
    bool hung_up = false;
  };

  void run() {
    auto last = clock::now();
    while (!ended_) {
      std::vector<pollfd> all{{door_.number(), POLLIN, 0}};
      if (!frozen_) {
        for (const pair& p : pairs_) {
          if (p.hung_up) continue;
          all.push_back({p.near.number(), POLLIN, 0});
          all.push_back({p.far.number(), POLLIN, 0});
        }
      }
      ::poll(all.data(), all.size(), 2);
      const auto now = clock::now();
      const double passed = std::chrono::duration<double>(now - last).count();
      last = now;
      if (hang_up_) {
        for (pair& p : pairs_) {
          ::shutdown(p.near.number(), SHUT_RDWR);
          p.hung_up = true;
        }
        hang_up_ = false;
      }
      if (frozen_) continue;
      const int caller = ::accept4(door_.number(), nullptr, nullptr, SOCK_CLOEXEC);
      if (caller >= 0) add(raw_socket(caller));
      for (pair& p : pairs_) {
        if (p.hung_up) continue;
        pass(p.there, now, passed);
        pass(p.back, now, passed);
      }
    }
  }
  void add(raw_socket caller) {
    raw_socket far = raw_socket::to(to_);
    const int near_number = caller.number(), far_number = far.number();
    for (const int s : {near_number, far_number}) ::fcntl(s, F_SETFL, O_NONBLOCK);
    pairs_.push_back(
        {std::move(caller), std::move(far), {near_number, far_number}, {far_number, near_number}});
  }
  void pass(way& w, clock::time_point now, double passed) {
    const std::size_t pace = pace_;
    w.allowance = std::min(w.allowance + passed * static_cast<double>(pace), 65536.0);
    char bytes[65536];
    const auto room = pace == 0 ? sizeof bytes : static_cast<std::size_t>(w.allowance);
    if (!w.ended && room > 0 && w.under_way.size() < 64) {
      const auto got = ::recv(w.from, bytes, room, MSG_DONTWAIT);
      if (got > 0) {
        w.under_way.push_back({now + delay_.load(), {bytes, static_cast<std::size_t>(got)}});
        if (pace > 0) w.allowance -= static_cast<double>(got);
      }
      if (got == 0) w.ended = true;
    }
    while (!w.under_way.empty() && w.under_way.front().due <= now) {
      std::string& next = w.under_way.front().bytes;
      const auto put = ::send(w.to, next.data(), next.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put < static_cast<long>(next.size())) {
        if (put > 0) next.erase(0, static_cast<std::size_t>(put));
        return;
      }
      w.under_way.pop_front();
    }
    if (w.ended && w.under_way.empty()) ::shutdown(w.to, SHUT_WR);
  }

  const std::uint16_t to_;
  const raw_socket door_;
  std::atomic<bool> ended_{false}, frozen_{false}, hang_up_{false};
  std::atomic<std::chrono::milliseconds> delay_{std::chrono::milliseconds(0)};
  std::atomic<std::size_t> pace_{0};
  std::vector<pair> pairs_;
  std::thread thread_;
};

}  // namespace troupe::testing
