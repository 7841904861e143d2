#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/tensorboard_log.hpp"

namespace troupe {

/// What a program that runs a job may watch. Called by the recorder, one call at a time, on a
/// thread of the actor system: be brief. Either may be empty.
struct run_observer {
  std::function<void(const report&)> on_report;
  std::function<void(const run_event&)> on_event;
};

/// A report or an event as its line of history.jsonl or events.jsonl.
std::string to_line(const report& r);
std::string to_line(const run_event& e);

struct recorder_state {
  static inline const char* name = "recorder";

  struct closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  using file = std::unique_ptr<std::FILE, closer>;
  file history, events;
  std::unique_ptr<tensorboard_log> tensorboard;
  run_observer observer;
};

/// Appends to history.jsonl and events.jsonl in `folder` ("": only tells the observer), and to an
/// event file for TensorBoard where `tensorboard` says so. A line that cannot be written ends the
/// recorder with the reason, and with it the run.
recorder_actor::behavior_type recorder(recorder_actor::stateful_pointer<recorder_state> self,
                                       const std::string& folder, const run_observer& observer,
                                       bool tensorboard);

}  // namespace troupe
