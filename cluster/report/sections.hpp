#pragma once

#include <string>
#include <vector>

#include "troupe/cluster/report/chart.hpp"
#include "troupe/cluster/report/document.hpp"
#include "troupe/cluster/report/run_record.hpp"
#include "troupe/cluster/report/worker_story.hpp"

namespace troupe::page {

// The parts of a page about one run; without content where there is nothing to say.

part curves_section(const run_record& run);
part workers_section(const run_record& run, const worker_stories& workers);
part staleness_section(const run_record& run, const worker_stories& workers);
part traffic_section(const run_record& run, const worker_stories& workers);
part story_section(const run_record& run);
part job_section(const run_record& run);
part summary_section(const run_record& run);

/// The losses and metrics of a run: what reports and evaluations say, by name, losses first.
struct measure {
  std::string name;
  bool loss = false;
  std::vector<moment> trained;                                         ///< reports of workers
  std::vector<std::pair<std::string, std::vector<moment>>> evaluated;  ///< by part
};
std::vector<measure> measures_of(const run_record& run);

}  // namespace troupe::page
