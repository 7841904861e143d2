#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/center_slice.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

struct parameter_server_state {
  static inline const char* name = "parameter_server";

  std::shared_ptr<const run_plan> plan;
  std::uint32_t number = 0;
  std::map<std::uint32_t, center_slice> slices;

  /// \throws error (run) for a slice that is not of this run, as `pull`.
  void install(const schema::Install::Reader& message);
  center_slice::answer commit(const schema::Commit::Reader& message);
  center_msg pull(const schema::Pull::Reader& message) const;
};

/// Parameter server `number` of the run.
parameter_server_actor::behavior_type parameter_server(
    parameter_server_actor::stateful_pointer<parameter_server_state> self,
    std::shared_ptr<const run_plan> plan, std::uint32_t number);

}  // namespace troupe
