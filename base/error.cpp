#include "troupe/base/error.hpp"

namespace troupe {

error::error(error_kind kind, std::string place, const std::string& message)
    : std::runtime_error(place.empty() ? message : place + ": " + message),
      kind_(kind),
      place_(std::move(place)),
      message_(message) {}

}  // namespace troupe
