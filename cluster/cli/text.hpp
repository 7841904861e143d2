#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace troupe::cli {

/// "1 worker", "2 workers"
inline std::string counted(std::uint64_t count, const char* noun, const char* plural = "s") {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : plural);
}

}  // namespace troupe::cli
