#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman_actor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "troupe/cluster/transport/credentials.hpp"

namespace troupe {

/// Prepares a configuration for a system whose actors talk to other nodes: `configure`, and CAF's
/// middleman with our settings (no automatic connections, heartbeats, no deserialisation workers).
/// `dead_after`: seconds of silence after which a connection counts as lost.
void configure_node(caf::actor_system_config& config, double dead_after);

struct transport_options {
  std::optional<credentials> tls;              ///< none: plain connections, on loopback only
  std::size_t most_unauthenticated = 64;       ///< connections whose handshake is not over
  double handshake_seconds = 10;               ///< for a peer to prove itself, and for dialling
  std::uint32_t largest_payload = 300u << 20;  ///< bytes of one message between nodes
  /// TLS: written bytes after which a connection changes its key (the most for AES-GCM are 388 GB).
  std::uint64_t bytes_per_key = std::uint64_t{64} << 30;
  /// TLS: whether bytes for a process of the same user on this machine, once it has proven itself,
  /// go through memory that both share (see `shared_lane`).
  bool shared_memory = true;
  /// One line about each kind of peer that was turned away (rate-limited). Any thread.
  std::function<void(const std::string&)> log;
};

/// Connections between nodes: CAF's BASP over mutual TLS (or plain loopback). Strangers never reach
/// BASP: a connection is CAF's only after its handshake.
class transport {
 public:
  /// \throws error (run) where the credentials cannot be used or the system lacks `configure_node`.
  transport(caf::actor_system& system, transport_options options);
  /// Breaks all connections: for a system, there is one transport in its life.
  ~transport();
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;

  /// Listens on an address ("127.0.0.1", "0.0.0.0", "::") and port (0: the system chooses) and
  /// hands peers that come in the handle of `published`. \returns the port. \throws error (run)
  /// naming address and port.
  std::uint16_t listen(const std::string& address, std::uint16_t port, const caf::actor& published,
                       std::set<std::string> signatures = {});

  /// For actors: `request(dialler(), timeout, connect_atom::value, host, port)` is answered with
  /// the peer's node, its published actor and that one's signatures, as CAF's own middleman actor
  /// does.
  const caf::io::middleman_actor& dialler() const noexcept;

  /// Connections turned away so far.
  std::uint64_t refused() const noexcept;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace troupe
