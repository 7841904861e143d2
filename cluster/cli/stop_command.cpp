#include <fmt/format.h>

#include "command.hpp"
#include "control_target.hpp"

namespace troupe::cli {

int stop_command(const control_arguments& arguments) {
  const control_target target = reach(arguments);
  const auto answer = target.run->ask({{"request", "stop"}});
  if (arguments.json) {
    fmt::print("{}\n", answer.dump());
  } else {
    fmt::print("{}: stopping after the windows under way\n", target.name);
  }
  return exit_ok;
}

}  // namespace troupe::cli
