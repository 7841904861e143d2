#pragma once

#include <string>

#include "troupe/config/job.hpp"
#include "troupe/config/yaml/node.hpp"

namespace troupe {

/// The tree of a job's text, which is a map. `name` stands for the file in messages.
/// \throws error (job).
yaml::node job_tree(const std::string& text, const std::string& name);

/// Reads a job from its tree and completes it. \throws error (job).
job job_of(const yaml::node& root, const std::string& name, const catalogue& known);

}  // namespace troupe
