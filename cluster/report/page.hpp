#pragma once

#include <string>
#include <vector>

#include "troupe/cluster/report/run_record.hpp"

namespace troupe::page {

/// The page about one run: its curves, workers, staleness, traffic, story, job and summary. It
/// needs nothing but itself, and holds what fits a few megabytes however long the run was.
std::string run_page(const run_record& run);

struct compared {
  std::string name;  ///< what tells it from the others: "adag, 2 workers"
  run_record run;
};

/// The page about several runs: their curves over each other, their summaries, and in what their
/// jobs differ. `notes` stand below the table of summaries.
std::string compare_page(const std::string& title, const std::vector<compared>& runs,
                         const std::vector<std::string>& notes);

}  // namespace troupe::page
