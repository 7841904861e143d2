// Workers and parameter servers beyond the job's that join a run: the former draw from the same
// rows as the others, the latter get their share of the slices.

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/supervisor.hpp"

namespace troupe {

void supervisor_state::join(const std::string& node, std::uint32_t worker,
                            const worker_actor& actor) {
  const bool may = mode_ <= mode::training && actor && worker >= plan_->of.actors.workers;
  if (!may || worker >= plan_->most_workers()) {
    if (actor) self_->send_exit(actor, caf::exit_reason::user_shutdown);
    return;
  }
  cast_.worker_nodes.resize(std::max<std::size_t>(cast_.worker_nodes.size(), worker + 1));
  cast_.worker_nodes[worker] = node;
  // Those before it that are not here were given to nodes that are slower.
  while (parts_.size() <= worker) {
    role_state part;
    part.now = presence::lost;
    parts_.push_back(std::move(part));
    cast_.workers.emplace_back();
    allocation_->extend();
    totals_->extend(static_cast<std::uint32_t>(parts_.size()));
    if (cutting_) cutting_->late.emplace_back();
  }
  recast(worker, parts_[worker].asked, actor);
}

void supervisor_state::join(const std::string& node, std::uint32_t server,
                            const parameter_server_actor& actor) {
  const bool may = mode_ <= mode::training && actor && server >= plan_->of.actors.parameter_servers;
  if (!may || server >= plan_->most_servers()) {
    if (actor) self_->send_exit(actor, caf::exit_reason::user_shutdown);
    return;
  }
  const std::size_t count = std::max<std::size_t>(cast_.servers.size(), server + 1);
  cast_.servers.resize(count);
  cast_.server_nodes.resize(count);
  if (cast_.servers[server]) return;  // nobody joins twice
  cast_.servers[server] = actor;
  cast_.server_nodes[server] = node;
  slices_->come(server, node);
  watch(actor.address(), role::server, server);
  record("parameter_server_joined", {{"parameter_server", server}, {"node", node}});
  if (!view_.empty()) self_->send(actor, view_);
  if (mode_ > mode::installing) back_up();
}

}  // namespace troupe
