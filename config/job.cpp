#include "troupe/config/job.hpp"

namespace troupe {

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.rfind("127.", 0) == 0;
}

std::string job::place(const std::string& path) const {
  std::string nearest = path;
  while (true) {
    const auto found = places.find(nearest);
    if (found != places.end() && !found->second.empty()) return found->second;
    if (nearest.empty()) return path;
    const std::size_t dot = nearest.rfind('.');
    nearest.resize(dot == std::string::npos ? 0 : dot);
  }
}

}  // namespace troupe
