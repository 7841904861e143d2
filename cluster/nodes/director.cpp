#include "troupe/cluster/nodes/director.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"

namespace troupe {

director_state::~director_state() {
  own_.push_back(source_);
  for (const auto& shard : own_) caf::anon_send_exit(shard, caf::exit_reason::user_shutdown);
  for (const auto& server : own_servers_) {
    caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
  }
}

void director_state::begin(director_setup setup) {
  setup_ = std::move(setup);
  const std::uint64_t rows = setup_.plan->rows_per_epoch;
  source_ = self_->system().spawn(data_shard, setup_.plan, setup_.rows, position_range{0, rows},
                                  std::uint64_t{0});
  for (const node_spec& spec : cluster().nodes) {
    members_.emplace_back();
    members_.back().spec = spec;
  }
  cast_parts();
  tick();
}

/// Parts are numbered in the order of the nodes.
void director_state::cast_parts() {
  for (std::size_t node = 0; node < members_.size(); ++node) {
    member& m = members_[node];
    for (std::uint32_t i = 0; i < m.spec.parameter_servers; ++i) {
      m.parts.servers.push_back(static_cast<std::uint32_t>(cast_.server_nodes.size()));
      cast_.server_nodes.push_back(m.spec.name);
    }
    for (std::uint32_t i = 0; i < m.spec.data_shards; ++i) {
      const auto number = static_cast<std::uint32_t>(cast_.shard_nodes.size());
      const position_range rows = rows_of_shard(*setup_.plan, number);
      m.parts.shards.push_back({number, rows, checksum_of(*setup_.rows, rows)});
      cast_.shard_nodes.push_back(m.spec.name);
    }
    for (std::uint32_t i = 0; i < m.spec.workers; ++i) {
      m.parts.workers.push_back({static_cast<std::uint32_t>(cast_.worker_nodes.size()), 1});
      cast_.worker_nodes.push_back(m.spec.name);
      node_of_worker_.push_back(node);
    }
  }
  cast_.servers.resize(cast_.server_nodes.size());
  cast_.shards.resize(cast_.shard_nodes.size());
  cast_.workers.resize(cast_.worker_nodes.size());
}

double director_state::now() const {
  return std::chrono::duration<double>(self_->clock().now().time_since_epoch()).count();
}

/// With the run's time, once there is one.
void director_state::record(const std::string& event, nlohmann::json facts) {
  const run_event out{0, event, std::move(facts)};
  if (supervisor_) {
    self_->send(supervisor_, out);
  } else {
    self_->send(setup_.recorder, out);
  }
}

director_state::member* director_state::of_session(std::uint64_t session) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const member& m) {
    return m.session == session && m.now == presence::here;
  });
  return found == members_.end() ? nullptr : &*found;
}

welcome_msg director_state::join(const schema::Join::Reader& message, const agent_actor& agent) {
  wire_builder<schema::Welcome> answer;
  const auto refused = [&](const std::string& why, bool again) {
    answer->setReason(why);
    answer->setAgain(again);
    if (!again) record("node_refused", {{"node", message.getNode().cStr()}, {"reason", why}});
    return std::move(answer).finish();
  };
  if (message.getSpoken() != schema::Join::PROTOCOL) {
    return refused(
        fmt::format("it speaks version {} of the cluster's protocol (troupe {}), not {}",
                    message.getSpoken(), message.getProgram().cStr(), schema::Join::PROTOCOL),
        false);
  }
  if (message.getCluster() != setup_.cluster.c_str()) {
    return refused(
        fmt::format("this is cluster '{}', not '{}'", setup_.cluster, message.getCluster().cStr()),
        false);
  }
  if (over_) return refused("the run is over", false);
  if (!agent) return refused("it names no agent", false);
  auto found = std::find_if(members_.begin(), members_.end(), [&](const member& m) {
    return message.getNode() == m.spec.name.c_str();
  });
  if (found == members_.end()) {
    if (const auto why = why_not_help(message); !why.empty()) return refused(why, false);
    member extra;
    extra.extra = true;
    extra.spec.name = message.getNode().cStr();
    extra.spec.workers = message.getWorkers();
    extra.spec.parameter_servers = message.getParameterServers();
    found = members_.insert(members_.end(), std::move(extra));
  }
  member& m = *found;
  if (m.now == presence::here) {
    if (message.getSession() != m.session && !m.suspected) {
      return refused(fmt::format("a node '{}' is here already", m.spec.name), true);
    }
    lose(m, "it joins anew", presence::away);
  }
  m.now = presence::here;
  m.agent = agent;
  m.session = ++sessions_;
  m.heard = now();
  m.address = {m.spec.name, message.getHost().size() > 0 ? message.getHost().cStr() : m.spec.host,
               message.getPort()};
  m.cores = message.getCores();
  m.memory = message.getMemory();
  self_->monitor(agent);
  record("node_joined", {{"node", m.spec.name},
                         {"host", m.address.host},
                         {"port", m.address.port},
                         {"cores", m.cores},
                         {"memory", m.memory},
                         {"process", message.getProcess()}});
  const auto node = static_cast<std::size_t>(found - members_.begin());
  // After the answer, which makes the node a member.
  self_->send(self_, invite_atom::value, std::uint64_t{node});
  answer->setSession(m.session);
  answer->setGrace(cluster().supervisor_grace);
  return std::move(answer).finish();
}

caf::result<cast_ptr> director_state::assemble() const {
  if (!failure_.empty()) return actor_failure("", failure_);
  return assembled_;
}

std::vector<std::string> director_state::awaited() const {
  std::vector<std::string> out;
  for (const member& m : members_) {
    if (m.now != presence::here && !m.extra) out.push_back(m.spec.name);
  }
  return out;
}

/// Between two nodes that have to do with each other, the later one connects. A node that comes
/// back connects to all.
std::vector<peer_address> director_state::peers_of(std::size_t node, bool all) const {
  const auto serves = [](const node_spec& n) { return n.parameter_servers + n.data_shards > 0; };
  const node_spec& me = members_[node].spec;
  std::vector<peer_address> out;
  for (std::size_t other = 0; other < members_.size(); ++other) {
    const member& peer = members_[other];
    if (other == node || peer.now != presence::here || (!all && other > node)) continue;
    const bool needed = (me.workers > 0 && serves(peer.spec)) ||
                        (peer.spec.workers > 0 && serves(me)) ||
                        (me.parameter_servers > 0 && peer.spec.parameter_servers > 0);
    if (needed) out.push_back(peer.address);
  }
  return out;
}

void director_state::invite_all() {
  unready_ = cluster().nodes.size();
  for (std::size_t node = 0; node < unready_; ++node) {
    member& m = members_[node];
    parts_of_node parts = m.parts;
    parts.peers = peers_of(node, false);
    self_
        ->request(m.agent, caf::infinite, make_invitation(*setup_.plan, setup_.facts, parts),
                  source_)
        .then(
            [this, node](const playing_msg& message,
                         const std::vector<parameter_server_actor>& servers,
                         const std::vector<data_shard_actor>& shards,
                         const std::vector<worker_actor>& workers) {
              playing(node, *message, servers, shards, workers);
            },
            [this, node](const caf::error& problem) {
              fail_assembly(fmt::format("node {}: {}", members_[node].spec.name,
                                        text_of(problem, self_->system().config())));
            });
  }
}

void director_state::playing(std::size_t node, const schema::Playing::Reader& message,
                             const std::vector<parameter_server_actor>& servers,
                             const std::vector<data_shard_actor>& shards,
                             const std::vector<worker_actor>& workers) {
  const member& m = members_[node];
  const auto take = [](const auto& actors, std::size_t count, auto place) {
    if (actors.size() != count) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!actors[i]) return false;
      place(i) = actors[i];
    }
    return true;
  };
  const bool fits =
      take(
          servers, m.parts.servers.size(),
          [&](std::size_t i) -> auto& { return cast_.servers[m.parts.servers[i]]; }) &&
      take(
          shards, m.parts.shards.size(),
          [&](std::size_t i) -> auto& { return cast_.shards[m.parts.shards[i].number]; }) &&
      take(
          workers, m.parts.workers.size(), [&](std::size_t i) -> auto& {
            return cast_.workers[m.parts.workers[i].number];
          });
  if (!fits) return fail_assembly(fmt::format("node {} plays other parts", m.spec.name));
  if (message.getReceived().size() > 0) {
    record("rows_sent", {{"node", m.spec.name}, {"reason", message.getNote().cStr()}});
  }
  if (--unready_ > 0) return;
  cast_.patience = cluster().supervisor_grace;
  cast_.casting = casting_actor{director_actor{self_}};
  assembled_ = std::make_shared<const cast_handles>(cast_);
}

void director_state::fail_assembly(const std::string& why) {
  if (failure_.empty()) failure_ = why;
}

std::string director_state::status() const {
  auto nodes = nlohmann::ordered_json::array();
  for (const member& m : members_) {
    const bool here = m.now == presence::here;
    nlohmann::ordered_json node;
    node["node"] = m.spec.name;
    node["state"] = here                         ? (m.suspected ? "silent" : "here")
                    : m.now == presence::awaited ? "awaited"
                    : m.now == presence::away    ? "lost"
                                                 : "left";
    node["address"] = here ? fmt::format("{}:{}", m.address.host, m.address.port) : m.spec.host;
    node["parameter_servers"] = m.spec.parameter_servers;
    node["workers"] = m.spec.workers;
    node["data_shards"] = m.spec.data_shards;
    node["cores"] = m.cores;
    node["memory_mb"] = m.memory >> 20;
    node["used_mb"] = m.resident >> 20;
    node["cpu_seconds"] = std::round(100 * m.seconds) / 100;
    node["heard_seconds_ago"] =
        here ? nlohmann::ordered_json(std::round(100 * (now() - m.heard)) / 100) : nullptr;
    nodes.push_back(std::move(node));
  }
  return nodes.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

caf::result<std::string> director_state::control(const std::string& request) {
  if (!desk_) return actor_failure("", "this run cannot be asked");
  // Another actor waits for the answer.
  return self_->delegate(desk_, control_atom::value, request);
}

/// What happened before there was anybody to tell.
caf::result<dismiss_atom> director_state::dismiss() {
  over_ = true;
  supervisor_ = nullptr;
  auto promise = self_->make_response_promise<dismiss_atom>();
  dismissing_ = promise;
  for (const member& m : members_) {
    if (m.now == presence::here) send_leave(m, "", false);
  }
  dismissed_if_empty();
  return promise;
}

void director_state::dismissed_if_empty() {
  if (!dismissing_) return;
  for (const member& m : members_) {
    if (m.now == presence::here) return;
  }
  dismissing_->deliver(dismiss_atom::value);
  dismissing_.reset();
}

director_actor::behavior_type director(director_state::pointer self, const director_setup& setup) {
  fail_on_exception(self, "director");
  self->state.begin(setup);
  self->set_down_handler([=](const caf::down_msg& message) { self->state.down(message); });
  return {
      [=](recast_atom, std::uint32_t worker, std::uint32_t incarnation) {
        self->state.recast(worker, incarnation);
      },
      [=](recast_atom, std::uint32_t shard) { self->state.recast(shard); },
      [=](recast_atom, server_atom, std::uint32_t server) { self->state.recast_server(server); },
      [=](const join_msg& message, const agent_actor& agent) {
        return self->state.join(*message, agent);
      },
      [=](const pulse_msg& message) { self->state.pulse(*message); },
      [=](const leave_msg& message) { self->state.leave(*message); },
      [=](assemble_atom) { return self->state.assemble(); },
      [=](members_atom) { return self->state.awaited(); },
      [=](status_atom) { return self->state.status(); },
      [=](const control_actor& desk) { self->state.asked_by_way_of(desk); },
      [=](control_atom, const std::string& request) { return self->state.control(request); },
      [=](const supervisor_actor& lead) { self->state.led_by(lead); },
      [=](dismiss_atom) { return self->state.dismiss(); },
      [=](tick_atom) { self->state.tick(); },
      [=](invite_atom, std::uint64_t node) { self->state.invite(static_cast<std::size_t>(node)); },
  };
}

}  // namespace troupe
