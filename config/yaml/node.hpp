#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::yaml {

/// Where something was written: a file with line and column (from 1), or an option of the command
/// line, which has neither.
struct mark {
  std::shared_ptr<const std::string> source;
  int line = 0, column = 0;

  /// "job.yaml:12:5", "--set training.epochs=5".
  std::string text() const;
};

/// A piece of YAML that remembers where each part was written, which YAML::Node does only in part:
/// it drops duplicate keys and forgets how a scalar was quoted.
struct node {
  enum class kind { null, scalar, list, map };
  struct entry;

  kind type = kind::null;
  std::string text;            ///< of a scalar, as written
  bool plain = true;           ///< a scalar without quotes: `5` is a number, `"5"` is text
  mark at;                     ///< of the value
  std::vector<node> items;     ///< of a list
  std::vector<entry> entries;  ///< of a map, in order, each name once

  bool is(kind k) const noexcept { return type == k; }
  const node* find(const std::string& name) const noexcept;
  node* find(const std::string& name) noexcept;
  std::string place() const { return at.text(); }
};

struct node::entry {
  std::string name;
  mark at;  ///< of the name
  node value;
};

/// "a list", "a map", "nothing", or the scalar as written, for messages.
std::string describe(const node& n);

/// The place of every path below `root` ("model.layers.2.dense.units"): of the value, or of its key
/// where the value starts in another line.
std::map<std::string, std::string> places_of(const node& root);

/// `text` on one line, control characters escaped and cut to a readable length: what a message may
/// quote.
std::string one_line(const std::string& text);

}  // namespace troupe::yaml
