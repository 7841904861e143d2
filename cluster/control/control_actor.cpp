#include "troupe/cluster/control/control_actor.hpp"

#include <caf/all.hpp>
#include <utility>

namespace troupe {

control_actor::behavior_type answer_control(control_actor::pointer,
                                            std::shared_ptr<control_desk> desk) {
  return {
      [desk = std::move(desk)](control_atom, const std::string& request) {
        return desk->answer(request);
      },
  };
}

}  // namespace troupe
