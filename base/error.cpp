#include "troupe/base/error.hpp"

namespace troupe {

namespace {

/// Names in a message come from files: no line breaks, and nothing a terminal would act on.
std::string one_line(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) c = code == '\n' || code == '\t' ? ' ' : '?';
  }
  return text;
}

}  // namespace

error::error(error_kind kind, std::string place, const std::string& message)
    : std::runtime_error(one_line(place.empty() ? message : place + ": " + message)),
      kind_(kind),
      place_(std::move(place)),
      message_(message) {}

}  // namespace troupe
