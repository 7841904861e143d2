#include "troupe/config/yaml/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace troupe::yaml {

namespace {

/// Whether a text is a word that YAML reads as itself in every place.
bool is_plain_word(const std::string& text) {
  static const std::vector<std::string> meant_otherwise = {
      "true", "false", "null", "Null", "NULL", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/' ||
                        text[0] == '_' || text[0] == '.')) {
    return false;
  }
  const bool simple = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' ||
           c == '/';
  });
  return simple && text != "..." &&
         std::find(meant_otherwise.begin(), meant_otherwise.end(), text) == meant_otherwise.end();
}

std::string quoted(const std::string& text) {
  if (is_plain_word(text)) return text;
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

}  // namespace

std::string flow(const setting_value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  if (const auto* all = std::get_if<words>(&value)) {
    std::vector<std::string> items;
    for (const std::string& word : *all) items.push_back(quoted(word));
    return "[" + joined(items) + "]";
  }
  return to_text(value);
}

std::string flow(const settings& values) {
  std::vector<std::string> items;
  for (const auto& [name, value] : values.values()) items.push_back(name + ": " + flow(value));
  return "{" + joined(items) + "}";
}

void writer::begin(const std::string& name) {
  line(name + ":");
  begun_.push_back(text_.size());
}

void writer::end(const std::string& empty) {
  if (text_.size() == begun_.back()) {
    text_.back() = ' ';
    text_ += empty + "\n";
  }
  begun_.pop_back();
}

void writer::put(const std::string& name, const setting_value& value) {
  line(name + ": " + flow(value));
}

void writer::put_map(const std::string& name, const settings& values) {
  line(name + ": " + flow(values));
}

void writer::item(const std::string& name) {
  line("- " + quoted(name));
}

void writer::item_map(const settings& values) {
  line("- " + flow(values));
}

void writer::item_with_options(const std::string& name, const settings& options) {
  if (options.empty()) return item(name);
  line("- " + quoted(name) + ": " + flow(options));
}

void writer::line(const std::string& content) {
  text_.append(begun_.size() * 2, ' ');
  text_ += content + "\n";
}

}  // namespace troupe::yaml
