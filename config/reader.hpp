#pragma once

#include <string>
#include <vector>

#include "troupe/config/job.hpp"

namespace troupe {

/// Reads a job file, puts the overrides in, and completes the job.
///
/// `overrides` are the arguments of `--set`, in order: `training.epochs=5`. Options, defaults and
/// ranges are those of `known` and of the tables in sections/; docs/job-file.md lists them.
/// \throws error (job), one line: "job.yaml:12:5: message", or "--set training.epochz=5: message".
job read_job(const std::string& path, const std::vector<std::string>& overrides,
             const catalogue& known);

/// As `read_job`, for text at hand; `name` stands for the file in messages.
job parse_job(const std::string& text, const std::string& name,
              const std::vector<std::string>& overrides, const catalogue& known);

/// The text of a job file. \throws error (job) where it cannot be read.
std::string job_text(const std::string& path);

/// Resolves all options of a job against their declarations, fills in the defaults and checks
/// every value alone; the reader does this too. For a job built in code. Doing it twice changes
/// nothing. `check` is for what takes more than one value.
/// \throws error (job) at a place of the job.
void complete(job& j, const catalogue& known);

}  // namespace troupe
