#pragma once

#include <cstddef>
#include <cstdint>

#include "troupe/base/span.hpp"

namespace troupe {

/// The 64-bit XXH3 hash of some bytes. A seed chains several of them.
std::uint64_t checksum(span<const std::byte> bytes, std::uint64_t seed = 0) noexcept;

}  // namespace troupe
