#pragma once

#include <caf/io/middleman_actor.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "troupe/cluster/nodes/cast.hpp"

namespace troupe {

/// What an agent tells a director of itself, and where it finds it.
struct agent_setup {
  std::string director_host;
  std::uint16_t director_port = 0;
  std::string cluster, node;
  std::string host;  ///< where others reach this node; "": where the director sees it
  std::uint16_t port = 0;
  std::uint32_t workers = 0, parameter_servers = 0;  ///< where the job does not know it
  double patience = 60;                              ///< seconds to find the director in, at first
  std::function<void(const std::string&)> log;       ///< lines for people
};

/// A node in a cluster.
///
///     dialling ── connected ──► joining ── welcome ──► member
///        ▲                                               │
///        └──── the director is lost, or has given this node up ◄──┘
///
/// Its parts end when it loses the director for good, or joins again: their successors have other
/// incarnations. While it looks for the director they go on with what they have.
class agent_state {
 public:
  static inline const char* name = "agent";
  using pointer = agent_actor::stateful_pointer<agent_state>;

  explicit agent_state(pointer self) : self_(self) {}
  void begin(agent_setup setup, catalogue known, caf::io::middleman_actor dialler);

  caf::result<std::string> run();
  void dial();
  void down(const caf::down_msg& message);
  void pulse(const pulse_msg& message);
  void told_to_leave(const schema::Leave::Reader& message);
  void leave();
  caf::result<playing_msg, std::vector<parameter_server_actor>, std::vector<data_shard_actor>,
              std::vector<worker_actor>>
  invited(const invite_msg& message, const data_shard_actor& source);

 private:
  enum class mode { dialling, joining, member, leaving, ended };

  void connected(const caf::strong_actor_ptr& director);
  void welcomed(const schema::Welcome::Reader& message);
  void try_again(const std::string& why);
  void leave_stage();
  void finish_next_worker();
  void end(const std::string& failure);
  double now() const;
  void say(const std::string& line) const;

  pointer self_;
  agent_setup setup_;
  catalogue known_;
  caf::io::middleman_actor dialler_;
  mode mode_ = mode::dialling;
  director_actor director_;
  stage_actor stage_;
  std::vector<worker_actor> workers_;
  std::uint64_t session_ = 0;
  double alone_since_ = 0, patience_ = 0, grace_ = 30;
  std::uint32_t attempts_ = 0, joins_ = 0;
  std::size_t unfinished_ = 0;
  std::optional<std::string> outcome_;
  std::optional<caf::typed_response_promise<std::string>> promise_;
};

agent_actor::behavior_type agent(agent_state::pointer self, const agent_setup& setup,
                                 const catalogue& known, const caf::io::middleman_actor& dialler);

}  // namespace troupe
