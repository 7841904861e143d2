#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// Cuts `parameters` numbers into S = ceil(parameters / slice) consecutive slices, all equal to
/// within 16, each starting at a multiple of 16 (a cache line of floats); at least `servers` of
/// them where there are that many lines. No parameters: no slices.
std::vector<slice_range> cut_slices(std::size_t parameters, std::size_t slice,
                                    std::size_t servers);

/// The server's half for batch statistics (batch normalisation's running mean and variance), which
/// are no parameters and travel in one extra slice: the worker sends its own, c <- c + (s - c)/n,
/// and goes on with the answer; in a round c <- the mean of all, weighted by rows.
std::unique_ptr<server_half> make_statistics_server(std::uint32_t workers);

}  // namespace troupe
