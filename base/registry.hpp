#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "troupe/base/error.hpp"
#include "troupe/base/settings.hpp"

namespace troupe {

/// Things by name (layers, gradient rules, protocols ...), as a value: `builtin...()` makes one
/// from a `.def` list, and a program that embeds Troupe adds its own before it runs a job.
/// `Entry` has a member `std::string name`.
template <class Entry>
class registry {
 public:
  /// Adds an entry; one of the same name is replaced.
  void add(Entry entry) {
    for (Entry& e : entries_) {
      if (e.name == entry.name) {
        e = std::move(entry);
        return;
      }
    }
    entries_.push_back(std::move(entry));
  }

  const Entry* find(const std::string& name) const& {
    for (const Entry& e : entries_) {
      if (e.name == name) return &e;
    }
    return nullptr;
  }
  const Entry* find(const std::string& name) && = delete;

  /// \throws error (job) at `place` for an unknown name, with the nearest or all known ones;
  ///         `what` names the kind of thing: "layer".
  const Entry& at(const std::string& name, const std::string& place,
                  const std::string& what) const& {
    if (const Entry* found = find(name)) return *found;
    throw job_error(place, unknown_word(what, name, names()));
  }
  const Entry& at(const std::string&, const std::string&, const std::string&) && = delete;

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Entry& e : entries_) out.push_back(e.name);
    return out;
  }
  const std::vector<Entry>& entries() const& { return entries_; }
  const std::vector<Entry>& entries() && = delete;  // would dangle in a range-for

 private:
  std::vector<Entry> entries_;
};

}  // namespace troupe
