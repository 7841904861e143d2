#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "troupe/config/job.hpp"

namespace troupe {

/// A job as it is with another protocol.
struct job_variant {
  job of;
  /// What the job says that this protocol has no use for, with the reason: "optimizer.alpha
  /// (dynsgd has no such option)".
  std::vector<std::string> left_out;
};

struct variant_request {
  std::string protocol;                  ///< name or alias
  std::optional<std::uint32_t> workers;  ///< none: the job's
  bool recommended = false;  ///< the protocol's recommended settings, below the overrides
};

/// Reads a job (see `parse_job`) as `request` wants it. What the job says of its optimizer and does
/// not go with the protocol is left out: a consistency, a compression, a rule, a window, and
/// options. An option of the file stays where the protocol has one of the same meaning, one that
/// is an override wherever the protocol has one of this name. Of workers there are at most as many
/// as the protocol takes.
/// \throws error (job) as `parse_job`; at "--protocols" for an unknown protocol.
job_variant parse_variant(const std::string& text, const std::string& name,
                          const std::vector<std::string>& overrides, const variant_request& request,
                          const catalogue& known);

}  // namespace troupe
