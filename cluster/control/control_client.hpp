#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace troupe {

/// The other side of a `control_desk`: what status, top, events and stop talk through.
class control_client {
 public:
  virtual ~control_client() = default;

  /// The answer to a request that is answered by one object. \throws error (run) where the run
  /// refuses, is silent for too long, or ends.
  virtual nlohmann::ordered_json ask(const nlohmann::json& request) = 0;

  /// Hands over the line of every event so far and, with `follow`, of those that come until the run
  /// ends. \throws error (run) where its process dies meanwhile, or as `ask`.
  virtual void events(bool follow, const std::function<void(const std::string&)>& each) = 0;

  /// The lines of events behind that byte; \returns where to go on next time. \throws as `ask`.
  virtual std::uint64_t events_after(std::uint64_t byte,
                                     const std::function<void(const std::string&)>& each) = 0;
};

/// Talks to the run in a folder of this machine; answers are waited for as long as `patience`, but
/// for events that are followed. \throws error (job) where there is no run, (run)
/// where it is over (and how it ended), its process is gone, or it belongs to somebody else.
std::unique_ptr<control_client> connect_to_folder(
    const std::string& folder, std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The run under way that was started last in a folder of `below`, or in a folder of those.
/// \throws error (run) where there is none.
std::string newest_living_run(const std::string& below);

}  // namespace troupe
