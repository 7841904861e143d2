#include "troupe/config/reader.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "troupe/config/job_tree.hpp"
#include "troupe/config/sections/key.hpp"
#include "troupe/config/sections/options.hpp"
#include "troupe/config/yaml/override.hpp"
#include "troupe/config/yaml/parser.hpp"
#include "troupe/config/yaml/scalar.hpp"

namespace troupe {

using yaml::node;

namespace {

/// Walks the tree along the tables of sections.
class job_reader {
 public:
  job_reader(job& j, const catalogue& known) : job_(j), known_(known) {}

  void read(const node& n, const section& s) {
    if (s.create) s.create(job_);
    std::vector<const node::entry*> left;
    for (const node::entry& e : n.entries) {
      if (const key<job>* k = s.find(e.name)) {
        read(e.value, *k);
      } else if (const section* inner = section_at(s.path_of(e.name))) {
        read(map_of(e), *inner);
      } else {
        left.push_back(&e);
      }
    }
    if (s.path == "optimizer") return read_protocol_options(left, s);
    if (!left.empty()) refuse(*left.front(), s, {});
    require(n, s);
  }

 private:
  void read(const node& n, const key<job>& k) {
    if (k.plain()) {
      k.set(job_, yaml::value_of(n, k.declaration));
      return;
    }
    if (n.is(node::kind::null)) {
      throw job_error(n.place(), fmt::format("'{}' has no value", k.declaration.name));
    }
    k.read(job_, n, known_);
  }

  static const section* section_at(const std::string& path) {
    for (const section& s : job_sections()) {
      if (s.path == path) return &s;
    }
    return nullptr;
  }

  /// A section whose every line is commented out is an empty one.
  static const node& map_of(const node::entry& e) {
    static const node empty;
    if (e.value.is(node::kind::null)) return empty;
    if (e.value.is(node::kind::map)) return e.value;
    throw job_error(e.value.place(), yaml::one_line(fmt::format("'{}' is a map of keys, not {}",
                                                                e.name, describe(e.value))));
  }

  [[noreturn]] void refuse(const node::entry& e, const section& s,
                           const std::vector<setting>& options) const {
    std::vector<std::string> names;
    for (const key<job>& k : s.keys) names.push_back(k.declaration.name);
    for (const section& inner : job_sections()) {
      if (!inner.path.empty() && inner.parent() == s.path) names.push_back(inner.name());
    }
    for (const setting& option : options) names.push_back(option.name);
    std::string where = s.path.empty() ? "" : " in " + s.path;
    if (s.path == "optimizer") where += " with protocol " + job_.optimizer.protocol;
    throw job_error(e.at.text(), yaml::one_line(unknown_word("key" + where, e.name, names)));
  }

  void require(const node& n, const section& s) const {
    for (const key<job>& k : s.keys) {
      if (!k.declaration.required || n.find(k.declaration.name)) continue;
      throw job_error(job_.place(s.path),
                      fmt::format("the job needs '{}' ({})", s.path_of(k.declaration.name),
                                  k.declaration.meaning));
    }
  }

  /// What stands beside the protocol's name and is no key of its own.
  void read_protocol_options(const std::vector<const node::entry*>& left, const section& s) {
    const protocol_entry& protocol =
        find_protocol(known_.protocols, job_.optimizer.protocol, job_.place("optimizer.protocol"));
    for (const node::entry* e : left) {
      const setting* declared = nullptr;
      for (const setting& option : protocol.options) {
        if (option.name == e->name) declared = &option;
      }
      if (!declared) refuse(*e, s, protocol.options);
      job_.optimizer.options.set(e->name, yaml::value_of(e->value, *declared));
    }
  }

  job& job_;
  const catalogue& known_;
};

struct close_file {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string job_text(const std::string& path) {
  const std::unique_ptr<std::FILE, close_file> file(std::fopen(path.c_str(), "rb"));
  if (!file) throw job_error(path, std::strerror(errno));
  std::string text(yaml::most_bytes + 1, '\0');
  errno = 0;
  text.resize(std::fread(&text[0], 1, text.size(), file.get()));
  if (std::ferror(file.get())) throw job_error(path, std::strerror(errno));
  return text;
}

yaml::node job_tree(const std::string& text, const std::string& name) {
  node root = yaml::parse(text, name);
  if (root.is(node::kind::null)) throw job_error(name, "the job is empty");
  if (!root.is(node::kind::map)) {
    throw job_error(root.place(), "a job is a map of keys, not " + yaml::describe(root));
  }
  return root;
}

job job_of(const yaml::node& root, const std::string& name, const catalogue& known) {
  job j;
  j.places = yaml::places_of(root);
  job_reader(j, known).read(root, job_sections().front());
  for (const char* needed : {"data", "model"}) {
    if (!root.find(needed)) throw job_error(name, fmt::format("the job needs '{}'", needed));
  }
  complete(j, known);
  return j;
}

job parse_job(const std::string& text, const std::string& name,
              const std::vector<std::string>& overrides, const catalogue& known) {
  node root = job_tree(text, name);
  for (const std::string& assignment : overrides) yaml::set(root, assignment);
  return job_of(root, name, known);
}

job read_job(const std::string& path, const std::vector<std::string>& overrides,
             const catalogue& known) {
  return parse_job(job_text(path), path, overrides, known);
}

}  // namespace troupe
