#include "control_target.hpp"

namespace troupe::cli {

control_target reach(const control_arguments& arguments) {
  const std::string folder =
      arguments.folder.empty() ? newest_living_run("runs") : arguments.folder;
  return {folder, connect_to_folder(folder)};
}

}  // namespace troupe::cli
