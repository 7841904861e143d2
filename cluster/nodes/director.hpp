#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "troupe/actors/run_plan.hpp"
#include "troupe/cluster/nodes/cast.hpp"
#include "troupe/cluster/nodes/invitation.hpp"

namespace troupe {

struct director_setup {
  std::shared_ptr<const run_plan> plan;  ///< of a job with a cluster
  data_facts facts;
  std::shared_ptr<const dataset> rows;  ///< the whole training part
  std::string cluster;                  ///< its id
  recorder_actor recorder;
};

/// Brings the nodes of a cluster together, has them play the parts that the job gives them, notices
/// which fall silent, and casts lost parts again: a worker at its node once that is back, a data
/// shard or parameter server here, where all rows and checkpoints are.
///
///     awaited ── join ──► here ── silent, or the connection breaks ──► away ── join ──► here
///                          └── by its own wish ──► left
///
/// Nodes that the job does not name may join to help, with workers and parameter servers of their
/// own: these have the numbers after the job's.
class director_state {
 public:
  static inline const char* name = "director";
  using pointer = director_actor::stateful_pointer<director_state>;

  explicit director_state(pointer self) : self_(self) {}
  ~director_state();
  void begin(director_setup setup);

  welcome_msg join(const schema::Join::Reader& message, const agent_actor& agent);
  void pulse(const schema::Pulse::Reader& message);
  void leave(const schema::Leave::Reader& message);
  caf::result<cast_ptr> assemble() const;
  std::vector<std::string> awaited() const;
  std::string status() const;
  void asked_by_way_of(const control_actor& desk) { desk_ = desk; }
  caf::result<std::string> control(const std::string& request);
  void led_by(const supervisor_actor& supervisor);
  void recast(std::uint32_t worker, std::uint32_t incarnation);
  void recast(std::uint32_t shard);
  void recast_server(std::uint32_t server);
  /// All nodes, once all are here; later the lost workers of one, if it is.
  void invite(std::size_t node);
  caf::result<dismiss_atom> dismiss();
  void tick();
  void down(const caf::down_msg& message);

 private:
  enum class presence { awaited, here, away, left };
  struct member {
    node_spec spec;
    presence now = presence::awaited;
    agent_actor agent;
    std::uint64_t session = 0;
    peer_address address;
    std::uint32_t cores = 0;
    std::uint64_t memory = 0, resident = 0;
    double seconds = 0;  ///< of processor time
    double heard = 0;    ///< when
    bool suspected = false, preparing = false;
    bool extra = false;                                ///< not of the job: it joined to help
    bool cast = false;                                 ///< it has parts, where it is extra
    parts_of_node parts;                               ///< all it is to play, at first
    std::map<std::uint32_t, std::uint32_t> to_recast;  ///< workers, to incarnations
    std::map<std::uint32_t, std::uint32_t> under_way;  ///< those it was asked for
    std::set<std::uint32_t> fresh;                     ///< workers that nobody has heard of yet
    std::vector<std::uint32_t> fresh_servers;          ///< the same
    std::uint32_t attempts = 0;
    double attempted = 0;
  };

  void cast_parts();
  std::string why_not_help(const schema::Join::Reader& message) const;
  void cast_help(std::size_t node);
  std::vector<peer_address> peers_of(std::size_t node, bool all) const;
  void invite_all();
  void playing(std::size_t node, const schema::Playing::Reader& message,
               const std::vector<parameter_server_actor>& servers,
               const std::vector<data_shard_actor>& shards,
               const std::vector<worker_actor>& workers);
  void lose(member& m, const std::string& why, presence then);
  void send_leave(const member& m, const std::string& why, bool returns);
  void suspect(member& m, bool silent);
  void replace_shards(member& m, const std::string& why);
  void record(const std::string& event, nlohmann::json facts);
  member* of_session(std::uint64_t session);
  void fail_assembly(const std::string& why);
  void dismissed_if_empty();
  double now() const;
  const cluster_spec& cluster() const { return *setup_.plan->of.cluster; }

  pointer self_;
  director_setup setup_;
  std::vector<member> members_;
  data_shard_actor source_;  // of all rows
  // Played here, for nodes that are lost.
  std::vector<data_shard_actor> own_;
  std::vector<parameter_server_actor> own_servers_;
  supervisor_actor supervisor_;
  control_actor desk_;
  std::uint64_t sessions_ = 0, pulses_ = 0;
  std::size_t unready_ = 0;  // nodes that were invited and do not play yet
  cast_handles cast_;
  std::vector<std::size_t> node_of_worker_;
  cast_ptr assembled_;
  std::string failure_;  // why it will never be
  std::optional<caf::typed_response_promise<dismiss_atom>> dismissing_;
  bool over_ = false;
};

director_actor::behavior_type director(director_state::pointer self, const director_setup& setup);

}  // namespace troupe
