#include "troupe/config/job.hpp"

namespace troupe {

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address.rfind("127.", 0) == 0;
}

std::optional<listen_at> listen_at_of(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const std::string digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 ||
      digits.find_first_not_of("0123456789") != std::string::npos || std::stoul(digits) > 65535) {
    return std::nullopt;
  }
  std::string host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const bool odd = host.find_first_of("[]/ \t\r\n") != std::string::npos ||
                   (!brackets && host.find(':') != std::string::npos);
  if (odd) return std::nullopt;
  return listen_at{host, static_cast<std::uint16_t>(std::stoul(digits))};
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
