#include "troupe/config/places.hpp"

#include <algorithm>

#include "troupe/config/sections/key.hpp"

namespace troupe {

namespace {

/// A path starts with the name of a section and has nothing but names and numbers behind.
bool is_path(const std::string& place) {
  const std::string first = place.substr(0, place.find('.'));
  const bool simple = std::all_of(place.begin(), place.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
  const auto& sections = job_sections();
  return simple && std::any_of(sections.begin(), sections.end(), [&](const section& s) {
           return !s.path.empty() && s.path == first;
         });
}

}  // namespace

void rethrow_with_place(const error& e, const job& j) {
  if (!is_path(e.place())) throw e;
  throw error(e.kind(), j.place(e.place()), e.message());
}

}  // namespace troupe
