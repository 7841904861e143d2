#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "troupe/cluster/transport/handshake.hpp"
#include "troupe/cluster/transport/refusals.hpp"

namespace troupe {

struct gate_limits {
  std::size_t most_unauthenticated;
  std::chrono::duration<double> handshake;  ///< time for a peer to prove itself, and for dialling
  bool lanes;                               ///< whether to share memory with peers on this machine
};

/// Where connections wait until they are CAF's: one thread that accepts, dials and shakes hands.
///
/// Of those that came in and have not proven themselves, it keeps so many; one more, and the oldest
/// goes, of those first that have said nothing yet. It never takes more than a quarter of the
/// descriptors the process may open, and when there are none left all the same, the oldest goes,
/// too.
class gate {
 public:
  /// Called in the gate's thread; must not wait.
  using admitted = std::function<void(channel)>;
  using failed = std::function<void(const std::string& reason)>;
  using clock = std::chrono::steady_clock;

  /// `tls`: none for plain connections.
  gate(std::shared_ptr<const tls_context> tls, gate_limits limits,
       std::shared_ptr<refusals> refused);
  ~gate();
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  /// Accepts on this socket from now on. \returns what to close it by.
  std::uint64_t open(descriptor listening, admitted to);
  void close(std::uint64_t door_id);
  /// Tries the addresses one after the other, and again while peers have no room for us. One of the
  /// two is called, once.
  void dial(std::vector<socket_address> addresses, admitted done, failed problem);

  /// Ends the thread, its connections and listeners; dials fail. May be called again.
  void stop();

 private:
  struct door {
    descriptor socket;
    admitted to;
    clock::time_point paused_until{};
  };
  struct dialling {
    std::vector<socket_address> addresses;
    admitted done;
    failed problem;
    clock::time_point deadline, next_try;
    std::size_t next_address = 0;
    clock::duration patience{std::chrono::milliseconds(50)};
    std::string last_problem;
  };
  /// A connection under way: someone's who came in (by a door), or ours.
  struct visit {
    handshake hands;
    clock::time_point deadline;
    std::uint64_t by;  ///< the door; 0: we dialled
    std::shared_ptr<dialling> dial;
  };
  using visits = std::map<std::uint64_t, visit>;  // oldest first

  void post(std::function<void()> job);
  void run();
  void run_jobs();
  int milliseconds_to_wait(clock::time_point now);
  void expire(clock::time_point now);
  void accept_some(std::uint64_t id);
  void welcome(descriptor socket, const socket_address& from, std::uint64_t door_id);
  bool make_room(door& at);
  std::size_t room() const;
  void drop_oldest(const char* why);
  void begin(descriptor socket, std::string peer, std::uint64_t door_id,
             std::shared_ptr<dialling> dial, clock::time_point deadline);
  void proceed(std::uint64_t id, bool hung_up);
  void try_next(const std::shared_ptr<dialling>& d);
  void try_again_later(const std::shared_ptr<dialling>& d, const std::string& why);
  void watch(int socket, std::uint64_t id, std::uint32_t events);

  const std::shared_ptr<const tls_context> tls_;
  const gate_limits limits_;
  const std::shared_ptr<refusals> refused_;
  descriptor poll_, wake_;
  descriptor reserve_;  ///< given up to accept, and close, one connection when none is left
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;
  bool stopped_ = false;  // there is no thread any more
  bool stopping_ = false;
  std::atomic<std::uint64_t> last_id_{0};
  // The thread's own.
  std::map<std::uint64_t, door> doors_;
  visits visits_;
  std::size_t strangers_ = 0;  ///< visits by a door
  std::list<std::shared_ptr<dialling>> pausing_;
  std::thread thread_;
};

}  // namespace troupe
