#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "troupe/actors/messages/data.capnp.h"
#include "troupe/actors/messages/local.hpp"
#include "troupe/actors/messages/training.capnp.h"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/messages/work.capnp.h"

namespace troupe {

using install_msg = wire<schema::Install>;
using commit_msg = wire<schema::Commit>;
using verdict_msg = wire<schema::Verdict>;
using center_msg = wire<schema::Center>;
using pull_msg = wire<schema::Pull>;
using capture_msg = wire<schema::Capture>;
using image_msg = wire<schema::Image>;
using lead_msg = wire<schema::Lead>;
using view_msg = wire<schema::View>;
using close_msg = wire<schema::Close>;
using fence_msg = wire<schema::Fence>;
using fenced_msg = wire<schema::Fenced>;
using load_msg = wire<schema::Load>;
using fetch_msg = wire<schema::Fetch>;
using copy_msg = wire<schema::Copy>;
using rows_msg = wire<schema::Rows>;
using route_msg = wire<schema::Route>;
using ready_msg = wire<schema::Ready>;
using assign_msg = wire<schema::Assign>;
using revoke_msg = wire<schema::Revoke>;
using yielded_msg = wire<schema::Yielded>;
using progress_msg = wire<schema::Progress>;
using diverged_msg = wire<schema::Diverged>;

using installed_atom = caf::atom_constant<caf::atom("installed")>;
using step_atom = caf::atom_constant<caf::atom("step")>;
using finish_atom = caf::atom_constant<caf::atom("finish")>;
using finished_atom = caf::atom_constant<caf::atom("finished")>;
using run_atom = caf::atom_constant<caf::atom("run")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using recast_atom = caf::atom_constant<caf::atom("recast")>;
using server_atom = caf::atom_constant<caf::atom("server")>;
using suspect_atom = caf::atom_constant<caf::atom("suspect")>;
using checkpoint_atom = caf::atom_constant<caf::atom("checkpoint")>;
using join_atom = caf::atom_constant<caf::atom("join")>;
using load_atom = caf::atom_constant<caf::atom("load")>;
using status_atom = caf::atom_constant<caf::atom("status")>;
using pause_atom = caf::atom_constant<caf::atom("pause")>;

/// Hears which commits make up a round (backup workers).
using round_listener_actor = caf::typed_actor<caf::reacts_to<close_msg>>;

/// Holds what it is told a slice is, for the slice's home. An error: that is not its home any more.
using backup_actor = caf::typed_actor<caf::replies_to<image_msg>::with<installed_atom>>;

/// Owns slices of the centre variable and runs the server's half of the protocol on each.
using parameter_server_actor = caf::typed_actor<
    /// Be the home of a slice.
    caf::replies_to<install_msg>::with<installed_atom>,
    /// Be the home of slices that it holds, with backups among these servers.
    caf::replies_to<lead_msg, std::vector<backup_actor>>::with<installed_atom>,
    caf::replies_to<image_msg>::with<installed_atom>,
    /// Answered once the backups hold all that was done to the slices here.
    caf::replies_to<flush_atom>::with<flush_atom>,
    /// Apply one slice of one window; the centre is empty with `held`, `fenced` and `refused`. What
    /// is held is answered later, by the same pair as a message to the worker.
    caf::replies_to<commit_msg>::with<verdict_msg, center_msg>,
    /// The centre as it is, or that of a round once it is there.
    caf::replies_to<pull_msg>::with<center_msg>,
    /// Who takes part from now on.
    caf::reacts_to<view_msg>, caf::reacts_to<close_msg>,
    /// A worker is lost: it is not listened to any more.
    caf::replies_to<fence_msg>::with<fenced_msg>,
    /// A slice as it stands, or as it will after a round.
    caf::replies_to<capture_msg>::with<image_msg>,
    /// What the slices here have been through.
    caf::replies_to<load_atom>::with<load_msg>,
    /// All servers, to the one that closes rounds for them.
    caf::reacts_to<std::vector<round_listener_actor>>>;

/// Owns rows of the training part.
using data_shard_actor = caf::typed_actor<
    /// Your rows among these positions.
    caf::replies_to<fetch_msg>::with<rows_msg>,
    /// These rows as they lie.
    caf::replies_to<copy_msg>::with<rows_msg>>;

/// Whom workers answer to.
using leader_actor = caf::typed_actor<caf::reacts_to<ready_msg>, caf::reacts_to<progress_msg>,
                                      caf::reacts_to<diverged_msg>,
                                      /// A lease was revoked, or its round over before this
                                      /// worker began its part.
                                      caf::reacts_to<yielded_msg>>;

/// Owns a replica and trains it.
using worker_actor = caf::typed_actor<
    /// Who holds what; the worker pulls the centre and says `ready`. Once more: a shard or the home
    /// of a slice is another actor now.
    caf::reacts_to<route_msg, leader_actor, std::vector<parameter_server_actor>,
                   std::vector<data_shard_actor>>,
    /// Train these positions.
    caf::reacts_to<assign_msg>,
    /// Give back what has not been started of a lease: it says what that is (`yielded`), if there
    /// is any.
    caf::reacts_to<revoke_msg>,
    /// The answer to a commit that was held.
    caf::reacts_to<verdict_msg, center_msg>,
    /// To itself: train the next mini-batch.
    caf::reacts_to<step_atom>,
    /// To itself: this parameter server has been gone for a while.
    caf::reacts_to<server_atom, caf::actor_addr>,
    /// To itself: whether somebody has not answered for too long.
    caf::reacts_to<caf::tick_atom>,
    /// Drop what has not been started, close the window (in rounds: those it was given a part of,
    /// without rows if need be), say progress, then answer.
    caf::replies_to<finish_atom>::with<finished_atom>>;

/// Leads a run: hands out rows, watches progress, decides evaluation and stop.
using supervisor_actor = leader_actor::extend<
    /// Run to the end; answered once, with the outcome.
    caf::replies_to<run_atom>::with<outcome_ptr>,
    /// Worker `number` is this actor from now on, in this incarnation.
    caf::reacts_to<std::uint32_t, std::uint32_t, worker_actor>,
    /// Data shard `number` is this actor from now on.
    caf::reacts_to<std::uint32_t, data_shard_actor>,
    /// So is parameter server `number`, which has no slices yet.
    caf::reacts_to<std::uint32_t, parameter_server_actor>,
    /// One worker more, or a parameter server, on this node: it has this number, which follows
    /// those that others were given.
    caf::reacts_to<join_atom, std::string, std::uint32_t, worker_actor>,
    caf::reacts_to<join_atom, std::string, std::uint32_t, parameter_server_actor>,
    /// This one is lost.
    caf::reacts_to<part_lost>,
    /// This parameter server cannot be reached by another one whose slices it backs up.
    caf::reacts_to<server_atom, caf::actor_addr>,
    /// An event to be written with the run's time.
    caf::reacts_to<run_event>,
    /// Nothing is heard of this worker (or it is heard of again): it is given no more work.
    caf::reacts_to<suspect_atom, std::uint32_t, bool>,
    /// How the run stands, as a JSON object (supervisor_status.cpp says what is in it).
    caf::replies_to<status_atom>::with<std::string>,
    /// Keep the run as it stands.
    caf::reacts_to<checkpoint_atom>,
    /// Pause (true) or go on; answered with what holds from now on. An error where it cannot.
    caf::replies_to<pause_atom, bool>::with<bool>,
    /// Stop early, for this reason ("interrupted", "command").
    caf::reacts_to<stop_atom, std::string>, caf::reacts_to<tick_atom>>;

/// Finds somebody for the part of an actor that was lost, and tells the supervisor.
using casting_actor = caf::typed_actor<
    /// A worker, as this incarnation.
    caf::reacts_to<recast_atom, std::uint32_t, std::uint32_t>,
    /// A data shard.
    caf::reacts_to<recast_atom, std::uint32_t>,
    /// A parameter server.
    caf::reacts_to<recast_atom, server_atom, std::uint32_t>>;

/// Scores the centre while training goes on.
using evaluator_actor =
    caf::typed_actor<caf::reacts_to<route_msg, std::vector<parameter_server_actor>>,
                     caf::replies_to<score_request>::with<score>>;

/// Writes history.jsonl and events.jsonl, and tells the program around the run.
using recorder_actor = caf::typed_actor<caf::reacts_to<report>, caf::reacts_to<run_event>,
                                        caf::replies_to<flush_atom>::with<flush_atom>>;

}  // namespace troupe

CAF_BEGIN_TYPE_ID_BLOCK(troupe, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(troupe, (troupe::install_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::commit_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::verdict_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::center_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::pull_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::capture_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::image_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::lead_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::view_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::close_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::fence_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::fenced_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::load_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::fetch_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::copy_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::rows_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::route_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::ready_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::assign_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::revoke_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::yielded_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::progress_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::diverged_msg))
CAF_ADD_TYPE_ID(troupe, (troupe::round_listener_actor))
CAF_ADD_TYPE_ID(troupe, (troupe::backup_actor))
CAF_ADD_TYPE_ID(troupe, (troupe::parameter_server_actor))
CAF_ADD_TYPE_ID(troupe, (troupe::data_shard_actor))
CAF_ADD_TYPE_ID(troupe, (troupe::worker_actor))
CAF_ADD_TYPE_ID(troupe, (troupe::leader_actor))
CAF_ADD_TYPE_ID(troupe, (troupe::supervisor_actor))
CAF_ADD_TYPE_ID(troupe, (std::vector<troupe::round_listener_actor>))
CAF_ADD_TYPE_ID(troupe, (std::vector<troupe::backup_actor>))
CAF_ADD_TYPE_ID(troupe, (std::vector<troupe::parameter_server_actor>))
CAF_ADD_TYPE_ID(troupe, (std::vector<troupe::data_shard_actor>))
CAF_END_TYPE_ID_BLOCK(troupe)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::score_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::score)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::run_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::part_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::outcome_ptr)
