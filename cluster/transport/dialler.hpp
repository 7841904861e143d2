#pragma once

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <memory>

#include "troupe/cluster/transport/connection.hpp"
#include "troupe/cluster/transport/gate.hpp"

namespace troupe {

/// Spawns the actor that is asked to connect to other nodes, as CAF's middleman actor is; it knows
/// `connect_atom` alone. Any number of connections may be under way at once. `plain`: other
/// addresses than loopback are refused.
caf::io::middleman_actor spawn_dialler(caf::actor_system& system,
                                       caf::io::network::default_multiplexer& multiplexer,
                                       std::shared_ptr<gate> exit,
                                       std::shared_ptr<const connection_rules> rules, bool plain);

}  // namespace troupe
