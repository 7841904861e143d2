#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "command.hpp"
#include "control_target.hpp"
#include "troupe/base/error.hpp"

namespace troupe::cli {

namespace {

/// A round may have to end first.
constexpr std::chrono::seconds patience{120};
constexpr std::chrono::milliseconds period{50};

/// How often the run has said how a checkpoint went, and the last time.
std::pair<std::size_t, std::string> outcomes(control_client& run) {
  std::pair<std::size_t, std::string> out{0, ""};
  run.events(false, [&](const std::string& line) {
    const auto event = nlohmann::ordered_json::parse(line, nullptr, false);
    if (!event.is_object()) return;
    const std::string name = event.value("event", "");
    if (name != "checkpoint" && name != "checkpoint_failed") return;
    ++out.first;
    out.second = line;
  });
  return out;
}

}  // namespace

int checkpoint_command(const control_arguments& arguments) {
  const control_target target = reach(arguments);
  const std::size_t before = outcomes(*target.run).first;
  target.run->ask({{"request", "checkpoint"}});
  const auto asked = std::chrono::steady_clock::now();
  for (;;) {
    const auto [count, line] = outcomes(*target.run);
    if (count > before) {
      const auto event = nlohmann::ordered_json::parse(line);
      const bool written = event["event"] == "checkpoint";
      if (!written) throw run_error(target.name, event.value("reason", "no checkpoint"));
      fmt::print("{}\n", arguments.json ? line
                                        : fmt::format("{}/checkpoints/{}", target.name,
                                                      event.value("file", "")));
      return exit_ok;
    }
    if (std::chrono::steady_clock::now() - asked > patience) {
      throw run_error(target.name, fmt::format("no checkpoint within {} s", patience.count()));
    }
    std::this_thread::sleep_for(period);
  }
}

}  // namespace troupe::cli
