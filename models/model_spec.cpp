#include "troupe/models/model_spec.hpp"

#include <fmt/format.h>

namespace troupe {

std::size_t volume(const shape& s) noexcept {
  std::size_t product = 1;
  for (std::size_t extent : s) product *= extent;
  return product;
}

std::string to_text(const shape& s) {
  return fmt::format("{}", fmt::join(s, " x "));
}

}  // namespace troupe
