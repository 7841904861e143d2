#pragma once

#include <memory>
#include <string>

#include "command.hpp"
#include "troupe/cluster/control/control_client.hpp"

namespace troupe::cli {

/// A run under way, and the way to it.
struct control_target {
  std::string name;  ///< its folder
  std::unique_ptr<control_client> run;
};

/// \throws error where there is no such run, or it is over.
control_target reach(const control_arguments& arguments);

}  // namespace troupe::cli
