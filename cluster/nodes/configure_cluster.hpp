#pragma once

#include <caf/actor_system_config.hpp>

namespace troupe {

/// Prepares a configuration for a system that is a node of a cluster: `configure_node`, and the
/// messages of directors and agents.
void configure_cluster(caf::actor_system_config& config, double dead_after);

}  // namespace troupe
