#include "cluster/report/html.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <vector>

namespace troupe::testing {

namespace {

const std::set<std::string> without_end = {"meta", "input", "br", "link", "img", "hr"};
const std::set<std::string> raw_text = {"style", "script"};

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0u) != 0x80u) return false;
    }
    i += length;
  }
  return true;
}

bool bare_ampersand(const std::string& text) {
  static const std::regex entity("^&(amp|lt|gt|quot|#[0-9]+);");
  for (std::size_t at = text.find('&'); at != std::string::npos; at = text.find('&', at + 1)) {
    if (!std::regex_search(text.substr(at, 12), entity)) return true;
  }
  return false;
}

/// Goes through a page once.
class reader {
 public:
  explicit reader(const std::string& page) : page_(page) {}

  std::string run() {
    const std::string start = "<!DOCTYPE html>\n";
    if (page_.rfind(start, 0) != 0) return "it does not begin with its type";
    at_ = start.size();
    while (at_ < page_.size() && problem_.empty()) {
      if (page_[at_] == '<') {
        tag();
      } else {
        text(std::min(page_.find('<', at_), page_.size()));
      }
    }
    if (problem_.empty() && !open_.empty()) problem_ = open_.back() + " is not closed";
    return problem_;
  }

 private:
  void text(std::size_t end) {
    const std::string part = page_.substr(at_, end - at_);
    if (bare_ampersand(part)) problem_ = "a bare & in: " + part;
    if (part.find('>') != std::string::npos) problem_ = "a bare > in: " + part;
    at_ = end;
  }

  std::string word(const char* ends) {
    const std::size_t end = page_.find_first_of(ends, at_);
    std::string out = page_.substr(at_, end - at_);
    at_ = std::min(end, page_.size());
    return out;
  }

  void tag() {
    ++at_;
    const bool closes = page_[at_] == '/';
    if (closes) ++at_;
    const std::string name = word(" />\n");
    if (name.empty()) problem_ = "a bare <";
    if (closes) return close(name);
    const bool empty = attributes(name);
    if (!problem_.empty() || empty || without_end.count(name) > 0) return;
    open_.push_back(name);
    if (raw_text.count(name) == 0) return;
    at_ = page_.find("</" + name + ">", at_);
    if (at_ == std::string::npos) problem_ = name + " is not closed";
  }

  void close(const std::string& name) {
    if (open_.empty() || open_.back() != name) {
      problem_ = (open_.empty() ? "nothing" : open_.back()) + " is closed by /" + name;
      return;
    }
    open_.pop_back();
    at_ = page_.find('>', at_) + 1;
  }

  /// \returns whether the element ends with them.
  bool attributes(const std::string& of) {
    std::set<std::string> names;
    while (problem_.empty()) {
      while (at_ < page_.size() && std::isspace(static_cast<unsigned char>(page_[at_]))) ++at_;
      if (at_ >= page_.size()) problem_ = of + " has no end";
      if (page_[at_] == '>') return ++at_, false;
      if (page_.compare(at_, 2, "/>") == 0) return at_ += 2, true;
      const std::string name = word(" =/>\n");
      if (!names.insert(name).second) problem_ = of + " has " + name + " twice";
      if (page_.compare(at_, 2, "=\"") != 0) {
        problem_ = of + ": " + name + " has no value in quotes";
        return false;
      }
      at_ += 2;
      const std::string value = word("\"");
      ++at_;
      if (value.find('<') != std::string::npos || bare_ampersand(value)) {
        problem_ = of + ": " + name + " is not escaped";
      }
      if (name == "id" && !ids_.insert(value).second) problem_ = "two have the id " + value;
    }
    return false;
  }

  const std::string& page_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  std::set<std::string> ids_;
  std::string problem_;
};

}  // namespace

std::string html_problem(const std::string& page) {
  if (!is_utf8(page)) return "it is no UTF-8";
  return reader(page).run();
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace troupe::testing
