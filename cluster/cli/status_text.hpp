#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace troupe::cli {

/// How a run stands, for people, from the status object of its control desk: a few lines about the
/// run, then tables of workers, parameter servers and nodes; a remark behind each worker that does
/// not keep up. `slices`: a line for each slice instead of each server's extremes. `bold`: remarks
/// stand out on a terminal. What is missing in the object is a dash.
std::string status_text(const nlohmann::ordered_json& status, bool slices, bool bold);

/// A line of events.jsonl for people: when, what, and its facts.
std::string event_text(const nlohmann::ordered_json& event);

}  // namespace troupe::cli
