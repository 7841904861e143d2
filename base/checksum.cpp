#include "troupe/base/checksum.hpp"

#include <xxhash.h>

namespace troupe {

std::uint64_t checksum(span<const std::byte> bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace troupe
