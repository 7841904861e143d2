#pragma once

#include <string>
#include <vector>

namespace troupe::page {

/// The style and the script of all pages; they are in the page, which needs nothing else.
extern const char* const page_style;
extern const char* const page_script;

struct tile {
  std::string label, value;
};

/// What stands above the sections of a page.
struct heading {
  std::string title, subtitle;
  std::string badge;       ///< how it ended, in a word or two
  std::string badge_kind;  ///< "good", "bad" or "busy"
  std::vector<tile> tiles;
  std::vector<std::string> warnings;
};

/// A section of a page; left out without content.
struct part {
  std::string id, title;
  std::string content;  ///< HTML
};

/// A whole page of HTML.
std::string document(const heading& head, const std::vector<part>& parts);

}  // namespace troupe::page
