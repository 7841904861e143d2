#pragma once

#include <vector>

#include "troupe/config/sections/key.hpp"

namespace troupe {

/// The keys of the job file that are more than one value, each with its reading and writing.
key<job> source_key(const std::string& name);  ///< data.train, data.test
key<job> transforms_key();
key<job> layers_key();
key<job> metrics_key();
key<job> window_key();
key<job> rule_key();
key<job> server_rule_key();
key<job> consistency_key();
key<job> compression_key();
key<job> nodes_key();

}  // namespace troupe
