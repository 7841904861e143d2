#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "troupe/cluster/report/run_record.hpp"
#include "troupe/cluster/report/thin.hpp"

namespace troupe::page {

/// What is known of one worker; not-a-number where it is not.
struct worker_story {
  std::string node;
  double rows = no_number;  ///< from the summary; else from its reports
  double mini_batches = no_number, commits = no_number, seconds = no_number;
  double sent = no_number, received = no_number, staleness = no_number;
  double rows_given = 0, rows_taken = 0;  ///< that the supervisor moved
  std::uint32_t lost = 0;                 ///< how often
  std::vector<moment> speeds;             ///< rows a second
  std::vector<double> stalenesses;        ///< of its reports
};

using worker_stories = std::map<std::uint32_t, worker_story>;

worker_stories stories_of(const run_record& run);

/// "worker 3"
std::string name_of(std::uint32_t worker);

}  // namespace troupe::page
