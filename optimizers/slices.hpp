#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "troupe/optimizers/protocol.hpp"

namespace troupe {

/// Cuts `parameters` numbers into S = ceil(parameters / slice) consecutive slices, all equal to
/// within 16, each starting at a multiple of 16 (a cache line of floats); at least `servers` of
/// them where there are that many lines. No parameters: no slices.
std::vector<slice_range> cut_slices(std::size_t parameters, std::size_t slice, std::size_t servers);

/// Share of running statistics that `mini_batches` mini-batches replace: 1 - decay^mini_batches.
double moved_share(double decay, std::uint32_t mini_batches);

/// The server's half for batch statistics (batch normalisation's running mean and variance), which
/// are no parameters and travel in one extra slice. A running statistic keeps the share `decay` of
/// its value at each mini-batch, so a window of m of them takes it from b to d b + (1 - d) a with
/// d = decay^m. The worker sends a, the window's own average; the server applies the same step to
/// the centre it has by then, c <- d c + (1 - d) a, and the worker goes on with the answer. Every
/// window counts as if one worker had trained them all, and any number of workers is stable.
/// In a round: c <- c + sum over workers of (rows / all rows) (1 - d) (a - c).
std::unique_ptr<server_half> make_statistics_server(std::vector<float> decay);

}  // namespace troupe
