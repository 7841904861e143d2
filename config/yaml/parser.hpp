#pragma once

#include <cstddef>
#include <string>

#include "troupe/config/yaml/node.hpp"

namespace troupe::yaml {

/// Bounds on what is read: a job is a page of text, and a file of aliases to aliases (the "billion
/// laughs") must not fill the memory.
constexpr std::size_t most_bytes = 1 << 20;  ///< of text
constexpr std::size_t most_size = 8 << 20;   ///< of the tree with its aliases written out
constexpr std::size_t most_depth = 40;       ///< maps and lists in each other

/// Reads one YAML document. `name` stands before line and column in every place.
/// \throws error (job) for what is no YAML, and for what YAML allows but a job has no use for and
///         which is rather a slip: duplicate keys, merge keys, tags, keys that are no words,
///         several documents, aliases that expand without bound.
node parse(const std::string& text, const std::string& name);

/// Reads the value of a command line option: as `parse`, but every place is `option`, and an empty
/// text is null.
node parse_option(const std::string& text, const std::string& option);

}  // namespace troupe::yaml
