#pragma once

#include <caf/io/doorman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <cstdint>
#include <memory>

#include "troupe/cluster/transport/connection.hpp"
#include "troupe/cluster/transport/gate.hpp"

namespace troupe {

/// A port as CAF knows it: new connections come from the gate, when they have proven themselves.
class listener final : public caf::io::doorman {
 public:
  listener(caf::io::network::default_multiplexer& multiplexer, descriptor socket,
           std::shared_ptr<gate> entrance, std::shared_ptr<const connection_rules> rules);

  void launch() override;
  void graceful_shutdown() override;
  std::string addr() const override;
  std::uint16_t port() const override { return address_.port(); }
  /// For sockets that CAF accepts on; there is none.
  bool new_connection() override { return false; }
  // The gate does not wait for CAF: what it lets in is bounded by who has credentials.
  void add_to_loop() override {}
  void remove_from_loop() override {}

 private:
  void arrived(channel from);

  caf::io::network::default_multiplexer& multiplexer_;
  descriptor socket_;  ///< until launched
  const socket_address address_;
  const std::shared_ptr<gate> gate_;
  const std::shared_ptr<const connection_rules> rules_;
  std::uint64_t at_gate_ = 0;
};

}  // namespace troupe
