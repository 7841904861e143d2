#include "troupe/config/yaml/node.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::yaml {

namespace {

constexpr std::size_t longest_message = 600;

void collect(const node& n, const std::string& path, std::map<std::string, std::string>& out) {
  const std::string prefix = path.empty() ? path : path + ".";
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    const std::string below = prefix + std::to_string(i);
    out[below] = n.items[i].place();
    collect(n.items[i], below, out);
  }
  for (const node::entry& e : n.entries) {
    const std::string below = prefix + e.name;
    out[below] = e.value.at.line == e.at.line ? e.value.place() : e.at.text();
    collect(e.value, below, out);
  }
}

}  // namespace

std::string mark::text() const {
  const std::string name = source ? *source : std::string();
  return line > 0 ? fmt::format("{}:{}:{}", name, line, column) : name;
}

const node* node::find(const std::string& name) const noexcept {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.name == name; });
  return found == entries.end() ? nullptr : &found->value;
}

node* node::find(const std::string& name) noexcept {
  return const_cast<node*>(static_cast<const node*>(this)->find(name));
}

std::string describe(const node& n) {
  switch (n.type) {
    case node::kind::null:
      return "nothing";
    case node::kind::list:
      return "a list";
    case node::kind::map:
      return "a map";
    case node::kind::scalar:
      break;
  }
  return n.plain ? n.text : fmt::format("the text \"{}\"", n.text);
}

std::map<std::string, std::string> places_of(const node& root) {
  std::map<std::string, std::string> out;
  // What is missing altogether is blamed on the whole file.
  out[""] = root.at.source ? *root.at.source : std::string();
  collect(root, "", out);
  return out;
}

std::string one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (out.size() > longest_message) return out + " ...";
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace troupe::yaml
