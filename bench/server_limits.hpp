#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// What bench/server measures, and the machine's own rates beside it.
namespace troupe::bench {

struct server_arguments {
  std::string transport = "process";
  std::uint32_t workers = 1;
  std::size_t model_bytes = 4 << 20, slice_bytes = 1 << 20;
  double seconds = 3;
  bool json = false;
};

/// Windows that were answered, and the time they took.
struct rate {
  double windows = 0, seconds = 0;
};

/// Each slice is sent to another process, which sends as much back.
rate over_sockets(const server_arguments& a);
/// Each byte of the model is copied twice: as what goes, and as what comes.
rate by_copying(const server_arguments& a);

}  // namespace troupe::bench
