// Nodes beyond the job's that join to help.
#include <fmt/format.h>

#include <caf/all.hpp>

#include "troupe/cluster/nodes/director.hpp"

namespace troupe {

/// Empty: it may.
std::string director_state::why_not_help(const schema::Join::Reader& message) const {
  const run_plan& plan = *setup_.plan;
  const std::uint64_t workers = message.getWorkers(), servers = message.getParameterServers();
  if (message.getNode().size() == 0) return "it has no name";
  if (workers + servers == 0) {
    return fmt::format("the job has no node '{}', and it offers no workers and no servers",
                       message.getNode().cStr());
  }
  if (workers > 0 && plan.most_workers() == plan.setup.workers) {
    return "the job's workers have shares of their own: there are no rows for others";
  }
  const bool many = node_of_worker_.size() + workers > plan.most_workers() && workers > 0;
  if (many || cast_.servers.size() + servers > plan.most_servers()) {
    return "there are too many workers or parameter servers";
  }
  return {};
}

/// It gets numbers once there is somebody to lead them.
void director_state::cast_help(std::size_t node) {
  member& m = members_[node];
  if (m.cast || !supervisor_ || m.now != presence::here) return;
  m.cast = true;
  for (std::uint32_t i = 0; i < m.spec.workers; ++i) {
    const auto number = static_cast<std::uint32_t>(node_of_worker_.size());
    m.parts.workers.push_back({number, 1});
    m.to_recast[number] = 1;
    m.fresh.insert(number);
    node_of_worker_.push_back(node);
  }
  for (std::uint32_t i = 0; i < m.spec.parameter_servers; ++i) {
    m.fresh_servers.push_back(static_cast<std::uint32_t>(cast_.servers.size()));
    cast_.servers.emplace_back();
  }
}

}  // namespace troupe
