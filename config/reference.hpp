#pragma once

#include <string>

#include "troupe/config/job.hpp"

namespace troupe {

/// The reference page of the job file (docs/job-file.md), Markdown, made of the declarations alone:
/// every section and key, then every name a job can use with its options, defaults and ranges.
std::string reference_page(const catalogue& known);

/// What may be written for a setting, without its default: "a number, >= 0, < 1", or the choices.
std::string allowed(const setting& s);

}  // namespace troupe
