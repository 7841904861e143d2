#pragma once

#include <caf/io/middleman_actor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "troupe/cluster/nodes/cast.hpp"
#include "troupe/cluster/nodes/invitation.hpp"

namespace troupe {

/// Where the actors of one node play: connects to the peers, finds the rows, spawns. What it
/// spawned ends with it. Spawned detached: reading data blocks.
class stage_state {
 public:
  static inline const char* name = "stage";
  using pointer = stage_actor::stateful_pointer<stage_state>;
  using promise =
      caf::typed_response_promise<playing_msg, std::vector<parameter_server_actor>,
                                  std::vector<data_shard_actor>, std::vector<worker_actor>>;

  explicit stage_state(pointer self) : self_(self) {}
  ~stage_state();

  void begin(catalogue known, caf::io::middleman_actor dialler);
  void invited(const schema::Invite::Reader& message, const data_shard_actor& source,
               promise answer);
  /// An exception ends this actor: whoever waits learns it.
  void failed(const std::string& why) {
    if (answer_) refuse(why);
  }

 private:
  void dial_next();
  void load();
  void read_rows(const position_range& wanted);
  void receive_more();
  void received(const rows_msg& message);
  void play();
  void refuse(const std::string& why);
  template <class Handle>
  Handle keep(Handle handle) {
    spawned_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  pointer self_;
  catalogue known_;
  caf::io::middleman_actor dialler_;
  std::shared_ptr<const run_plan> plan_;
  std::vector<caf::actor> spawned_;

  // The invitation under way.
  std::optional<promise> answer_;
  parts_of_node parts_;
  data_shard_actor source_;
  std::size_t dialled_ = 0;
  std::shared_ptr<dataset> rows_;  // [wanted_.first, wanted_.last) of the training part
  position_range wanted_;
  std::uint64_t asked_ = 0, arrived_ = 0;  // of the rows that have to be sent
  std::string note_;
};

stage_actor::behavior_type stage(stage_state::pointer self, const catalogue& known,
                                 const caf::io::middleman_actor& dialler);

}  // namespace troupe
