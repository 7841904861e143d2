#pragma once

#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>
#include <memory>
#include <string>

#include "troupe/cluster/control/control_desk.hpp"

namespace troupe {

using control_atom = caf::atom_constant<caf::atom("control")>;

/// Answers requests as the socket of a run does, for who reaches the run through its nodes' port:
/// one line in, the lines of a whole answer out.
using control_actor =
    caf::typed_actor<caf::replies_to<control_atom, std::string>::with<std::string>>;

/// A request is answered while the caller's thread waits: spawn it detached.
control_actor::behavior_type answer_control(control_actor::pointer self,
                                            std::shared_ptr<control_desk> desk);

}  // namespace troupe
