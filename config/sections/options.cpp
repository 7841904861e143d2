#include "troupe/config/sections/options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/config/yaml/scalar.hpp"

namespace troupe {

using yaml::node;

settings read_options(const node& map, const std::string& beside,
                      const std::vector<setting>& declared, const std::string& of_what) {
  settings out;
  for (const node::entry& e : map.entries) {
    if (e.name == beside) continue;
    const auto known = std::find_if(declared.begin(), declared.end(),
                                    [&](const setting& s) { return s.name == e.name; });
    if (known == declared.end()) {
      std::vector<std::string> names;
      if (!beside.empty()) names.push_back(beside);
      for (const setting& s : declared) names.push_back(s.name);
      throw job_error(e.at.text(),
                      yaml::one_line(unknown_word("option of " + of_what, e.name, names)));
    }
    out.set(e.name, yaml::value_of(e.value, *known));
  }
  return out;
}

named_options read_item(const node& item, const std::string& kind,
                        const declared_options& declared) {
  if (item.is(node::kind::scalar)) {
    const std::string& name = yaml::word_of(item, "the name of a " + kind);
    declared(name, item.place());
    return {name, {}};
  }
  if (!item.is(node::kind::map) || item.entries.size() != 1) {
    // The usual slip: options not indented under their name.
    const bool slipped = item.is(node::kind::map) && item.entries.size() > 1 &&
                         item.entries[0].value.is(node::kind::null);
    throw job_error(
        slipped ? item.entries[1].at.text() : item.place(),
        yaml::one_line(slipped ? fmt::format("indent '{}' deeper than '{}', whose option it is",
                                             item.entries[1].name, item.entries[0].name)
                               : fmt::format("expected a {0}: its name, or 'name: {{options}}', "
                                             "not {1}",
                                             kind, yaml::describe(item))));
  }
  const node::entry& e = item.entries[0];
  const std::vector<setting>& options = declared(e.name, e.at.text());
  if (!e.value.is(node::kind::map) && !e.value.is(node::kind::null)) {
    throw job_error(e.value.place(),
                    yaml::one_line(fmt::format("the options of {} '{}' are a map, not {}", kind,
                                               e.name, yaml::describe(e.value))));
  }
  return {e.name, read_options(e.value, "", options, fmt::format("{} '{}'", kind, e.name))};
}

std::vector<named_options> read_items(const node& list, const std::string& kind,
                                      const declared_options& declared) {
  if (!list.is(node::kind::list)) {
    throw job_error(list.place(),
                    yaml::one_line(fmt::format("expected a list, each item a {}, not {}", kind,
                                               yaml::describe(list))));
  }
  std::vector<named_options> out;
  for (const node& item : list.items) out.push_back(read_item(item, kind, declared));
  return out;
}

named_options read_choice(const node& n, const std::string& label, const std::string& kind,
                          const declared_options& declared) {
  if (!n.is(node::kind::map)) {
    const std::string& name = yaml::word_of(n, fmt::format("a {} or '{{{}: ...}}'", kind, label));
    declared(name, n.place());
    return {name, {}};
  }
  const node* name = n.find(label);
  if (!name) throw job_error(n.place(), fmt::format("the {} needs '{}'", kind, label));
  const std::string& word = yaml::word_of(*name, "the name of a " + kind);
  const std::vector<setting>& options = declared(word, name->place());
  return {word, read_options(n, label, options, fmt::format("{} '{}'", kind, word))};
}

}  // namespace troupe
