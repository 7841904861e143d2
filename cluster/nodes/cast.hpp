#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/supervisor.hpp"
#include "troupe/cluster/control/control_actor.hpp"
#include "troupe/cluster/nodes/messages/cluster.capnp.h"

namespace troupe {

using join_msg = wire<schema::Join>;
using welcome_msg = wire<schema::Welcome>;
using invite_msg = wire<schema::Invite>;
using playing_msg = wire<schema::Playing>;
using pulse_msg = wire<schema::Pulse>;
using leave_msg = wire<schema::Leave>;

using assemble_atom = caf::atom_constant<caf::atom("assemble")>;
using dismiss_atom = caf::atom_constant<caf::atom("dismiss")>;
using dial_atom = caf::atom_constant<caf::atom("dial")>;
using invite_atom = caf::atom_constant<caf::atom("invite")>;
using members_atom = caf::atom_constant<caf::atom("members")>;

/// Plays parts on its node.
using stage_actor = caf::typed_actor<
    /// Connect to the peers, then play these parts; the shard sends rows that are not here.
    caf::replies_to<invite_msg, data_shard_actor>::with<
        playing_msg, std::vector<parameter_server_actor>, std::vector<data_shard_actor>,
        std::vector<worker_actor>>>;

/// Stands for a node: joins a cluster, has parts played, leaves. Published at the node's port.
using agent_actor =
    stage_actor::extend<caf::reacts_to<pulse_msg>, caf::reacts_to<leave_msg>,
                        /// To itself: try the director (again).
                        caf::reacts_to<dial_atom>,
                        /// From its own process: leave once the windows under way are done.
                        caf::reacts_to<stop_atom>,
                        /// From its own process: answered when it has left, with why where that is
                        /// a failure.
                        caf::replies_to<run_atom>::with<std::string>>;

/// What the director has brought together, for the supervisor.
using cast_ptr = std::shared_ptr<const cast_handles>;

/// Brings the nodes of a cluster together and casts the parts. Published at the port that nodes
/// join.
using director_actor = casting_actor::extend<
    caf::replies_to<join_msg, agent_actor>::with<welcome_msg>, caf::reacts_to<pulse_msg>,
    caf::reacts_to<leave_msg>,
    /// From its own process: the cast, once all nodes are here and play their parts; null before.
    caf::replies_to<assemble_atom>::with<cast_ptr>,
    /// From its own process: names of nodes that are awaited.
    caf::replies_to<members_atom>::with<std::vector<std::string>>,
    /// From its own process: how the nodes are, as a JSON array.
    caf::replies_to<status_atom>::with<std::string>,
    /// From its own process: who answers those that watch and steer the run.
    caf::reacts_to<control_actor>,
    /// A request of theirs: one JSON object; its answer, one or more lines.
    caf::replies_to<control_atom, std::string>::with<std::string>,
    /// From its own process: who leads the run.
    caf::reacts_to<supervisor_actor>,
    /// From its own process: the run is over; answered when all nodes have left.
    caf::replies_to<dismiss_atom>::with<dismiss_atom>,
    /// To itself: look after the nodes; have a node play what is to be played there.
    caf::reacts_to<tick_atom>, caf::reacts_to<invite_atom, std::uint64_t>>;

}  // namespace troupe

CAF_BEGIN_TYPE_ID_BLOCK(troupe_cluster, caf::id_block::troupe::end)
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::join_msg))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::welcome_msg))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::invite_msg))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::playing_msg))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::pulse_msg))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::leave_msg))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::agent_actor))
CAF_ADD_TYPE_ID(troupe_cluster, (troupe::control_actor))
CAF_ADD_TYPE_ID(troupe_cluster, (std::vector<troupe::worker_actor>))
CAF_ADD_TYPE_ID(troupe_cluster, (std::vector<std::string>))
CAF_END_TYPE_ID_BLOCK(troupe_cluster)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cast_ptr)
