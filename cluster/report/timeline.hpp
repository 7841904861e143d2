#pragma once

#include <string>

#include "troupe/cluster/report/run_record.hpp"

namespace troupe::page {

/// Who was there when, and what happened to them: a lane for the run, one for each node, parameter
/// server and worker (where they are too many, for those with something to tell), and one for the
/// checkpoints. "" for a run that nothing is known of.
std::string timeline_figure(const run_record& run);

}  // namespace troupe::page
