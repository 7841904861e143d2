#pragma once

#include <cstddef>
#include <string>

namespace troupe::testing {

/// What is wrong with a page of HTML, in one line: an element that is not closed, or closed by
/// another one's end, an attribute without quotes or given twice, an `id` that two have, a bare `<`
/// or `&`, bytes that are no UTF-8. "" for a page that is well-formed.
std::string html_problem(const std::string& page);

/// How often `part` is in `text`.
std::size_t count_of(const std::string& text, const std::string& part);

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace troupe::testing
