#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace troupe {

/// Answers who watches and steers a living run, whichever way a request came: one JSON object of a
/// line. Knows neither sockets nor actors.
///
///     {"request": "status"}                     one object: how the run stands
///     {"request": "stop"}                       {"stopping": true}; the run ends, by "command"
///     {"request": "checkpoint"}                 {"checkpointing": true}; an event `checkpoint` or
///                                               `checkpoint_failed` follows
///     {"request": "pause"}                      {"paused": true}; no work is given out any more
///     {"request": "resume"}                     {"paused": false}
///     {"request": "events", "after": 0}         the lines of events.jsonl from that byte on, then
///                                               {"next": N}: the "after" of what comes later
///     {"request": "events", "follow": true}     the same, then events as they happen, until the
///                                               run ends
///
/// What it does not understand is answered {"error": "..."}. All functions may be called by several
/// threads at once; `status` may take as long as its source does.
class control_desk {
 public:
  struct sources {
    /// The status object. \throws error where nobody says in time.
    std::function<nlohmann::ordered_json()> status;
    std::function<void()> stop, checkpoint;
    /// \returns what holds from now on. \throws error where the run cannot.
    std::function<bool(bool)> pause;
    std::string events_file;
  };
  explicit control_desk(sources of);

  /// Events that are to follow an answer, as far as they are not in it.
  struct stream {
    std::uint64_t position = 0;        ///< byte of the file
    std::optional<std::uint64_t> end;  ///< none: until the run ends
  };
  struct reply {
    std::string lines;  ///< each with its end
    std::optional<stream> more;
  };
  reply take(const std::string& request);

  /// The next events of a stream, up to some hundred kilobytes, and {"next": N} at its end; empty
  /// where there are none yet. Moves the stream on, and resets it at its end.
  std::string continued(std::optional<stream>& of) const;
  /// No events will come but those that are written by now.
  void end(std::optional<stream>& of) const;

  /// A whole answer at once, for messages instead of sockets. With `follow` it is what is there by
  /// now and {"next": N}: ask again with that as "after".
  std::string answer(const std::string& request);

 private:
  reply status(const nlohmann::json& request);
  reply stop(const nlohmann::json& request);
  reply keep(const nlohmann::json& request);
  reply pause(const nlohmann::json& request);
  reply resume(const nlohmann::json& request);
  reply events(const nlohmann::json& request);

  const sources sources_;
  std::mutex mutex_;  // guards what is below
  std::string status_;
  std::chrono::steady_clock::time_point status_time_;
};

}  // namespace troupe
