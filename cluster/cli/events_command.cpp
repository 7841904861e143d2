#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "command.hpp"
#include "control_target.hpp"
#include "status_text.hpp"
#include "troupe/base/error.hpp"

namespace troupe::cli {

namespace {

void print(const std::string& line, bool as_json) {
  const auto event = nlohmann::ordered_json::parse(line, nullptr, false);
  fmt::print("{}\n", as_json || !event.is_object() ? line : event_text(event));
  // Who follows wants each one as it comes.
  std::fflush(stdout);
}

/// Of a run that nobody answers for any more.
bool print_file(const std::string& folder, bool as_json) {
  std::ifstream file(folder + "/events.jsonl");
  for (std::string line; std::getline(file, line);) print(line, as_json);
  return file.eof();
}

}  // namespace

int events_command(const control_arguments& arguments) {
  control_target target;
  try {
    target = reach(arguments);
  } catch (const error&) {
    const std::string& folder = arguments.folder;
    if (folder.empty() || !print_file(folder, arguments.json)) throw;
    // A run that is over is no failure; one that was killed is.
    if (!std::filesystem::exists(folder + "/summary.json")) throw;
    return exit_ok;
  }
  target.run->events(arguments.follow,
                     [&](const std::string& line) { print(line, arguments.json); });
  return exit_ok;
}

}  // namespace troupe::cli
