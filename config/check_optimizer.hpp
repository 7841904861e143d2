#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/config/job.hpp"

namespace troupe {

/// Checks the optimizer section of a completed job: the protocol against workers, window, rules,
/// consistency, compression and nodes. `parameters` is the length of the parameter vector.
/// Appends to `warnings`. \throws error (job) at a place of the job.
void check_optimizer(const job& j, const catalogue& known, std::size_t parameters,
                     std::vector<std::string>& warnings);

/// Why a protocol does not go with a consistency of this name: one sentence; "" where it does.
/// A protocol without a conversation goes with `asynchronous`.
std::string why_not(const protocol_entry& protocol, const consistency_entry& consistency);

/// Why what a protocol sends cannot travel through this codec: one sentence; "" where it can.
std::string why_not(const protocol_entry& protocol, const codec_entry& compression,
                    const registry<codec_entry>& known);

/// The compressions a protocol takes, in the order of the registry.
std::vector<std::string> compressions_of(const protocol_entry& protocol,
                                         const registry<codec_entry>& known);

}  // namespace troupe
