#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace troupe {

/// A run's numbers for Prometheus, made of its status (supervisor_status.cpp says what is in that)
/// and of how many events there were of each kind. What the status lacks, or has as null, is left
/// out. Names and labels are listed in docs/monitoring.md.
std::string run_metrics(const nlohmann::ordered_json& status,
                        const std::map<std::string, std::uint64_t>& events);

}  // namespace troupe
