#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::testing {

/// What a relay does to the bytes that pass; "there" is towards the target. How a loss shows: see
/// `line`.
struct relay_settings {
  std::chrono::milliseconds delay_there{0}, delay_back{0};
  double loss = 0;           ///< probability that a packet of about 1,500 bytes is lost
  double garble = 0;         ///< probability that a byte arrives changed
  bool partitioned = false;  ///< a pulled cable: nothing passes, nothing is closed
};

struct relay_traffic {
  std::size_t open = 0;        ///< connections
  std::uint64_t accepted = 0;  ///< connections so far
  std::uint64_t bytes_there = 0, bytes_back = 0;
};

/// A TCP relay in a thread of its own: takes connections on a free port and makes one to its target
/// for each. Every function has taken effect when it returns, and may be called from any thread.
///
/// While partitioned a relay hides everything from either side, also that the other one is gone;
/// bytes that reached it before are kept, connections that are opened hang, and all of it goes on
/// as soon as the partition is over. TCP itself would take its time to try again, and would refuse
/// to acknowledge what it cannot deliver; here up to a socket's buffer counts as sent.
class relay {
 public:
  /// Listens on `address`. Without a target, connections hang until there is one.
  explicit relay(const std::string& address = "127.0.0.1");
  relay(const std::string& target, std::uint16_t port);
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  const std::string& address() const noexcept;
  std::uint16_t port() const noexcept;
  /// "ADDRESS:PORT", what to connect to instead of the target.
  std::string name() const;

  /// Where new connections go.
  void lead_to(const std::string& target, std::uint16_t port);
  relay_settings settings() const;
  /// For all bytes that come from now on.
  void set(const relay_settings& settings);
  void partition(bool on);
  /// Resets all connections, on both sides. New ones are taken in as before.
  void cut();

  relay_traffic traffic() const;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe::testing
