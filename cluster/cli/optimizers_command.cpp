#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "text.hpp"
#include "troupe/config/check_optimizer.hpp"
#include "troupe/config/reference.hpp"
#include "troupe/troupe.hpp"

// Everything here comes from the registries: a new protocol, consistency or compression shows up by
// itself.

namespace troupe::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t name_width = 24;  // of the first column, with its blanks

json to_json(const setting_value& value) {
  return std::visit([](const auto& v) { return json(v); }, value);
}

json to_json(const std::vector<setting>& options) {
  json out = json::array();
  for (const setting& s : options) {
    json o = {{"name", s.name}, {"meaning", s.meaning}, {"value", allowed(s)}};
    o["default"] = s.fallback ? to_json(*s.fallback) : json();
    o["required"] = s.required;
    if (!s.choices.empty()) o["choices"] = s.choices;
    out.push_back(std::move(o));
  }
  return out;
}

json default_window(const protocol_entry& e) {
  if (!e.has_window) return nullptr;
  return e.default_window == epoch_window ? json("epoch") : json(e.default_window);
}

const char* text_of(rule_place place) {
  switch (place) {
    case rule_place::worker:
      return "worker";
    case rule_place::server:
      return "server";
    case rule_place::none:
      break;
  }
  return "own";
}

json to_json(const protocol_entry& e, const catalogue& known) {
  json out = {{"kind", "protocol"}, {"name", e.name}};
  out["aliases"] = e.aliases;
  out["summary"] = e.summary;
  out["source"] = e.source;
  out["default_window"] = default_window(e);
  out["most_workers"] = e.most_workers > 0 ? json(e.most_workers) : json();
  out["gradient_rule"] = text_of(e.rule);
  out["server_rule"] = e.takes_server_rule;
  out["consistencies"] = e.consistencies;
  out["compressions"] = compressions_of(e, known.compressions);
  out["options"] = to_json(e.options);
  json& recommended = out["recommended"] = json::object();
  for (const auto& [key, value] : e.recommended) recommended[key] = value;
  return out;
}

json to_json(const consistency_entry& e, const catalogue& known) {
  json out = {{"kind", "consistency"}, {"name", e.name}, {"summary", e.summary}};
  out["source"] = e.source;
  json& protocols = out["protocols"] = json::array();
  for (const protocol_entry& p : known.protocols.entries()) {
    if (why_not(p, e).empty()) protocols.push_back(p.name);
  }
  out["options"] = to_json(e.options);
  return out;
}

json to_json(const codec_entry& e, const catalogue& known) {
  json out = {{"kind", "compression"}, {"name", e.name}, {"summary", e.summary}};
  out["source"] = e.source;
  out["wire_size"] = e.wire_size;
  out["error_bound"] = e.error_bound;
  json& protocols = out["protocols"] = json::array();
  for (const protocol_entry& p : known.protocols.entries()) {
    if (why_not(p, e, known.compressions).empty()) protocols.push_back(p.name);
  }
  out["options"] = to_json(e.options);
  return out;
}

template <class Entry>
json all_of(const registry<Entry>& entries, const catalogue& known) {
  json out = json::array();
  for (const Entry& e : entries.entries()) out.push_back(to_json(e, known));
  return out;
}

/// A name with what belongs to it, in lines below each other.
void print_item(const std::string& name, const std::vector<std::string>& lines) {
  std::string first = fmt::format("  {:<{}}", name, name_width - 2);
  if (name.size() > name_width - 3) {
    fmt::print("  {}\n", name);
    first = std::string(name_width, ' ');
  }
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    fmt::print("{}{}\n", first, wrapped(line, name_width));
    first = std::string(name_width, ' ');
  }
}

std::string joined(const std::vector<std::string>& names, const char* none = "none") {
  return names.empty() ? none : fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> names_in(const json& array) {
  return array.get<std::vector<std::string>>();
}

/// "asynchronous (default), bounded"
std::string consistencies_of(const protocol_entry& e) {
  if (!e.counts_commits) return "no commits: nobody waits for anybody";
  std::vector<std::string> names = e.consistencies;
  if (names.size() > 1) names.front() += " (default)";
  return joined(names);
}

std::string window_text(const protocol_entry& e) {
  if (!e.has_window) return "communication_window changes nothing";
  if (e.default_window == epoch_window) return "a whole epoch";
  return counted(e.default_window, "mini-batch", "es");
}

/// "staleness 4, backup_workers 0"
std::string defaults_of(const std::vector<setting>& options) {
  std::vector<std::string> texts;
  for (const setting& s : options) {
    texts.push_back(s.fallback ? s.name + " " + to_text(*s.fallback) : s.name);
  }
  return texts.empty() ? std::string() : "options: " + joined(texts);
}

void print_options(const std::vector<setting>& options) {
  if (options.empty()) return;
  fmt::print("options\n");
  for (const setting& s : options) {
    std::string value = allowed(s);
    if (s.fallback) value += "; default " + to_text(*s.fallback);
    if (s.required) value += "; required";
    print_item(s.name, {s.meaning, value});
  }
}

void print_title(const std::string& kind, const std::string& name, const std::string& summary) {
  fmt::print("{} {}\n  {}\n", kind, name, wrapped(summary, 2));
}

void print_one(const protocol_entry& e, const catalogue& known) {
  print_title("protocol", e.name, e.summary);
  print_item("source", {e.source});
  if (!e.aliases.empty()) print_item("also called", {joined(e.aliases)});
  print_item("window", {window_text(e)});
  if (e.most_workers > 0) print_item("workers", {fmt::format("at most {}", e.most_workers)});
  print_item("gradient rule",
             {e.rule == rule_place::worker   ? "gradient_rule, which each worker applies"
              : e.rule == rule_place::server ? "gradient_rule, which the parameter servers apply"
                                             : "one of its own, by its options",
              e.takes_server_rule ? "takes a server_rule, too" : ""});
  print_item("consistency", {consistencies_of(e)});
  print_item("compression", {joined(compressions_of(e, known.compressions))});
  print_options(e.options);
  if (e.recommended.empty()) return;
  fmt::print("recommended (dense networks on MNIST, 4 workers, mini-batches of 16)\n");
  for (const auto& [key, value] : e.recommended) {
    const bool plain = std::all_of(value.begin(), value.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
    });
    fmt::print(plain ? "  --set {}={}\n" : "  --set '{}={}'\n", key, value);
  }
}

void print_one(const consistency_entry& e, const catalogue& known) {
  print_title("consistency", e.name, e.summary);
  print_item("source", {e.source});
  print_item("protocols", {joined(names_in(to_json(e, known)["protocols"]))});
  print_options(e.options);
}

void print_one(const codec_entry& e, const catalogue& known) {
  print_title("compression", e.name, e.summary);
  print_item("source", {e.source});
  print_item("bytes for n numbers", {e.wire_size});
  print_item("error of one number", {e.error_bound});
  print_item("protocols", {joined(names_in(to_json(e, known)["protocols"]))});
  print_options(e.options);
}

void print_all(const catalogue& known) {
  fmt::print("protocols (optimizer.protocol)\n");
  for (const protocol_entry& e : known.protocols.entries()) {
    const std::string also = e.aliases.empty() ? "" : fmt::format(" ({})", joined(e.aliases));
    const std::string window = e.has_window ? "window " + window_text(e) + "; " : "";
    print_item(e.name + also, {e.summary, window + consistencies_of(e)});
  }
  fmt::print("\nconsistency (optimizer.consistency)\n");
  for (const consistency_entry& e : known.consistencies.entries()) {
    print_item(e.name, {e.summary, defaults_of(e.options)});
  }
  fmt::print("\ncompression (optimizer.compression)\n");
  for (const codec_entry& e : known.compressions.entries()) {
    print_item(e.name, {e.summary, "bytes for n numbers: " + e.wire_size,
                        "error of one number: " + e.error_bound, defaults_of(e.options)});
  }
  fmt::print("\n'troupe optimizers NAME' says more about one of them.\n");
}

template <class Entry>
void show(const Entry& e, const catalogue& known, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", to_json(e, known).dump());
  } else {
    print_one(e, known);
  }
}

}  // namespace

int optimizers_command(const optimizers_arguments& arguments) {
  const catalogue known = catalogue::builtin();
  const std::string& name = arguments.name;
  if (name.empty() && arguments.json) {
    const json all = {{"protocols", all_of(known.protocols, known)},
                      {"consistencies", all_of(known.consistencies, known)},
                      {"compressions", all_of(known.compressions, known)}};
    fmt::print("{}\n", all.dump());
    return exit_ok;
  }
  if (name.empty()) {
    print_all(known);
    return exit_ok;
  }
  std::vector<std::string> names;
  for (const protocol_entry& e : known.protocols.entries()) {
    const bool alias = std::count(e.aliases.begin(), e.aliases.end(), name) > 0;
    if (e.name == name || alias) {
      show(e, known, arguments.json);
      return exit_ok;
    }
    names.push_back(e.name);
    names.insert(names.end(), e.aliases.begin(), e.aliases.end());
  }
  if (const consistency_entry* e = known.consistencies.find(name)) {
    show(*e, known, arguments.json);
    return exit_ok;
  }
  if (const codec_entry* e = known.compressions.find(name)) {
    show(*e, known, arguments.json);
    return exit_ok;
  }
  for (const auto& more : {known.consistencies.names(), known.compressions.names()}) {
    names.insert(names.end(), more.begin(), more.end());
  }
  throw job_error("", unknown_word("protocol, consistency or compression", name, names));
}

}  // namespace troupe::cli
