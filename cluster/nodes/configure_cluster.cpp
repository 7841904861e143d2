#include "troupe/cluster/nodes/configure_cluster.hpp"

#include <caf/all.hpp>

#include "troupe/cluster/nodes/cast.hpp"
#include "troupe/cluster/transport/transport.hpp"

namespace troupe {

void configure_cluster(caf::actor_system_config& config, double dead_after) {
  configure_node(config, dead_after);
  config.add_message_types<caf::id_block::troupe_cluster>();
}

}  // namespace troupe
