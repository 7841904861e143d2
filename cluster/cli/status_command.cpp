#include <fmt/format.h>
#include <unistd.h>

#include "command.hpp"
#include "control_target.hpp"
#include "status_text.hpp"

namespace troupe::cli {

int status_command(const control_arguments& arguments) {
  const control_target target = reach(arguments);
  const auto status = target.run->ask({{"request", "status"}});
  if (arguments.json) {
    fmt::print("{}\n", status.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", status_text(status, arguments.slices, isatty(STDOUT_FILENO) == 1));
    if (arguments.folder.empty()) fmt::print("\nrun: {}\n", target.name);
  }
  return exit_ok;
}

}  // namespace troupe::cli
