// Nodes that fall silent, are lost, leave and come back; and the parts that are cast again.
#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <utility>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/actors/parameter_server.hpp"
#include "troupe/cluster/nodes/director.hpp"

namespace troupe {

namespace {

/// How often nodes are asked whether they are there, for each `suspect_after`.
constexpr double pulses_per_suspicion = 4;
constexpr double first_delay = 0.1, most_delay = 5;
/// Recasts this many seconds apart are no longer one after the other.
constexpr double forgotten_after = 60;

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

void director_state::pulse(const schema::Pulse::Reader& message) {
  member* m = of_session(message.getSession());
  if (!m) return;
  m->heard = now();
  m->resident = message.getMemory();
  m->seconds = message.getSeconds();
  suspect(*m, false);
}

void director_state::suspect(member& m, bool silent) {
  if (m.suspected == silent) return;
  m.suspected = silent;
  record(silent ? "node_suspected" : "node_heard_again", {{"node", m.spec.name}});
  if (!supervisor_) return;
  for (const auto& worker : m.parts.workers) {
    self_->send(supervisor_, suspect_atom::value, worker.number, silent);
  }
  // All need its rows, and there are others who have them.
  if (silent) replace_shards(m, "its node is silent");
}

void director_state::replace_shards(member& m, const std::string& why) {
  for (const auto& shard : std::exchange(m.parts.shards, {})) {
    self_->send(supervisor_, part_lost{part_lost::role::shard, shard.number, 1, why});
  }
}

void director_state::tick() {
  if (over_) return;
  self_->delayed_send(self_, milliseconds(cluster().suspect_after / pulses_per_suspicion),
                      tick_atom::value);
  ++pulses_;
  for (member& m : members_) {
    if (m.now != presence::here) continue;
    const double silent = now() - m.heard;
    if (silent >= cluster().dead_after) {
      const std::string why = fmt::format("silent for {:.1f} s", silent);
      // If it hears this one day, it may join again.
      send_leave(m, why, true);
      lose(m, why, presence::away);
      continue;
    }
    if (silent >= cluster().suspect_after) suspect(m, true);
    wire_builder<schema::Pulse> message;
    message->setSession(m.session);
    message->setNumber(pulses_);
    self_->send(m.agent, std::move(message).finish());
  }
}

void director_state::send_leave(const member& m, const std::string& why, bool returns) {
  wire_builder<schema::Leave> message;
  message->setSession(m.session);
  message->setReason(why);
  message->setReturns(returns);
  self_->send(m.agent, std::move(message).finish());
}

void director_state::lose(member& m, const std::string& why, presence then) {
  self_->demonitor(m.agent.address());
  m.now = then;
  m.agent = nullptr;
  m.suspected = m.preparing = false;
  // What it was asked to play it will not, unless a later incarnation is wanted by now.
  m.to_recast.insert(m.under_way.begin(), m.under_way.end());
  m.under_way.clear();
  if (over_) return dismissed_if_empty();
  record(then == presence::left ? "node_left" : "node_lost",
         {{"node", m.spec.name}, {"reason", why}});
  if (unready_ > 0 && !m.extra)
    fail_assembly(fmt::format("node {} was lost: {}", m.spec.name, why));
  if (supervisor_) {
    using role = part_lost::role;
    const auto tell = [&](role what, std::uint32_t number, std::uint32_t incarnation) {
      self_->send(supervisor_, part_lost{what, number, incarnation,
                                         fmt::format("node {} was lost: {}", m.spec.name, why)});
    };
    for (const auto& worker : m.parts.workers) {
      tell(role::worker, worker.number, worker.incarnation);
    }
    replace_shards(m, "its node was lost");
    for (const std::uint32_t server : std::exchange(m.parts.servers, {})) {
      tell(role::server, server, 1);
    }
  }
}

void director_state::down(const caf::down_msg& message) {
  for (member& m : members_) {
    if (m.now != presence::here || m.agent != message.source) continue;
    return lose(m, text_of(message.reason, self_->system().config()), presence::away);
  }
}

void director_state::leave(const schema::Leave::Reader& message) {
  member* m = of_session(message.getSession());
  if (!m) return;
  send_leave(*m, "", false);
  lose(*m, message.getReason().cStr(), presence::left);
}

void director_state::led_by(const supervisor_actor& supervisor) {
  supervisor_ = supervisor;
  for (std::size_t node = 0; node < members_.size(); ++node) {
    member& m = members_[node];
    if (std::exchange(m.suspected, false)) suspect(m, true);
    invite(node);
  }
}

void director_state::recast(std::uint32_t worker, std::uint32_t incarnation) {
  if (worker >= node_of_worker_.size()) return;
  const std::size_t node = node_of_worker_[worker];
  member& m = members_[node];
  m.to_recast[worker] = incarnation;
  if (m.attempts > 0 && now() - m.attempted > forgotten_after) m.attempts = 0;
  const double delay = std::min(first_delay * (1 << std::min(m.attempts, 10u)), most_delay);
  self_->delayed_send(self_, milliseconds(delay), invite_atom::value, std::uint64_t{node});
}

void director_state::invite(std::size_t node) {
  if (over_ || node >= members_.size()) return;
  if (!assembled_ && unready_ == 0 && awaited().empty()) return invite_all();
  if (members_[node].extra) cast_help(node);
  member& m = members_[node];
  const bool wanted = !m.to_recast.empty() || !m.fresh_servers.empty();
  if (m.now != presence::here || m.preparing || !wanted || !supervisor_) return;
  m.preparing = true;
  ++m.attempts;
  m.attempted = now();
  parts_of_node parts;
  m.under_way = std::exchange(m.to_recast, {});
  for (const auto& [worker, incarnation] : m.under_way) {
    parts.workers.push_back({worker, incarnation});
    for (auto& part : m.parts.workers) {
      if (part.number == worker) part.incarnation = incarnation;
    }
  }
  parts.servers = m.fresh_servers;
  parts.peers = peers_of(node, true);
  const std::uint64_t session = m.session;
  const auto mine = [this, node, session] {
    member& asked = members_[node];
    if (asked.session != session || asked.now != presence::here) return false;
    asked.preparing = false;
    asked.under_way.clear();
    return true;
  };
  self_
      ->request(m.agent, caf::infinite, make_invitation(*setup_.plan, setup_.facts, parts), source_)
      .then(
          [this, node, mine, parts](
              const playing_msg&, const std::vector<parameter_server_actor>& servers,
              const std::vector<data_shard_actor>&, const std::vector<worker_actor>& workers) {
            const bool fits =
                workers.size() == parts.workers.size() && servers.size() == parts.servers.size();
            if (!mine() || !fits) return;
            member& plays = members_[node];
            for (std::size_t i = 0; i < servers.size(); ++i) {
              plays.parts.servers.push_back(parts.servers[i]);
              self_->send(supervisor_, join_atom::value, plays.spec.name, parts.servers[i],
                          servers[i]);
            }
            plays.fresh_servers.clear();
            for (std::size_t i = 0; i < workers.size(); ++i) {
              const auto& [number, incarnation] = parts.workers[i];
              if (plays.fresh.erase(number) > 0) {
                self_->send(supervisor_, join_atom::value, plays.spec.name, number, workers[i]);
              } else {
                self_->send(supervisor_, number, incarnation, workers[i]);
              }
            }
            invite(node);
          },
          [this, node, mine, parts](const caf::error& problem) {
            if (!mine()) return;
            record("recast_failed", {{"node", members_[node].spec.name},
                                     {"reason", text_of(problem, self_->system().config())}});
            for (const auto& worker : parts.workers) recast(worker.number, worker.incarnation);
            if (parts.servers.empty()) return;
            self_->delayed_send(self_, milliseconds(most_delay), invite_atom::value,
                                std::uint64_t{node});
          });
}

void director_state::recast(std::uint32_t shard) {
  const auto asks = caf::actor_cast<supervisor_actor>(self_->current_sender());
  if (!asks || shard >= cast_.shards.size()) return;
  own_.push_back(self_->system().spawn(data_shard, setup_.plan, setup_.rows,
                                       rows_of_shard(*setup_.plan, shard), std::uint64_t{0}));
  self_->send(asks, shard, own_.back());
}

void director_state::recast_server(std::uint32_t server) {
  const auto asks = caf::actor_cast<supervisor_actor>(self_->current_sender());
  if (!asks || server >= cast_.servers.size()) return;
  own_servers_.push_back(self_->system().spawn(parameter_server, setup_.plan, server));
  self_->send(asks, server, own_servers_.back());
}

}  // namespace troupe
