#include "troupe/data/readers/csv_field.hpp"

#include <cstring>

namespace troupe {

csv_field csv_scanner::field(const char* at, const char* end, std::string& scratch) const {
  while (blank(*at)) ++at;
  if (*at == '"') return quoted_field(at, end, scratch);
  csv_field found;
  found.first = at;
  while (*at != delimiter_ && *at != '\n') ++at;
  found.next = at;
  // "\r\n" ends a line, but a delimiter may follow a lone carriage return.
  if (*at == '\n' && at > found.first && at[-1] == '\r') found.next = --at;
  while (at > found.first && blank(at[-1])) --at;
  found.last = at;
  return found;
}

csv_field csv_scanner::quoted_field(const char* at, const char* end, std::string& scratch) const {
  csv_field found;
  found.quoted = true;
  const char* start = at + 1;
  bool doubled = false;
  const char* close = start;
  for (;; close += 2, doubled = true) {
    close =
        static_cast<const char*>(std::memchr(close, '"', static_cast<std::size_t>(end - close)));
    if (!close) return found;
    if (close[1] != '"') break;  // a newline follows at the latest
  }
  found.first = start;
  found.last = close;
  if (doubled) {
    scratch.clear();
    for (const char* s = start; s < close; ++s) {
      scratch += *s;
      if (*s == '"') ++s;
    }
    found.first = scratch.data();
    found.last = scratch.data() + scratch.size();
  }
  found.next = close + 1;
  while (blank(*found.next)) ++found.next;
  return found;
}

const char* csv_scanner::record(const char* at, const char* end,
                                std::vector<std::string>& fields) const {
  fields.clear();
  std::string scratch;
  for (;;) {
    const csv_field found = field(at, end, scratch);
    if (!found.next) return nullptr;
    fields.push_back(found.text());
    at = found.next;
    if (line_end(at)) return next_line(at);
    // Text behind a closing quote belongs to no field: it is left for the parser to refuse.
    if (*at != delimiter_) {
      while (*at != delimiter_ && *at != '\n') ++at;
      if (*at == '\n') return at + 1;
    }
    ++at;
  }
}

}  // namespace troupe
