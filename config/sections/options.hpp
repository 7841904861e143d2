#pragma once

#include <functional>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/config/yaml/node.hpp"

namespace troupe {

/// Something with a name and options of its own: a layer, a transform, a gradient rule ...
struct named_options {
  std::string name;
  settings options;
};

/// Declared options of the thing with this name.
/// \throws error (job) at `place` for an unknown name.
using declared_options =
    std::function<const std::vector<setting>&(const std::string& name, const std::string& place)>;

/// Options given in `map` beside the key `beside` (may be empty), typed by their declarations;
/// defaults are left to `complete`.
/// \throws error (job) for an unknown option or a value that does not fit.
settings read_options(const yaml::node& map, const std::string& beside,
                      const std::vector<setting>& declared, const std::string& of_what);

/// `name`, or `name: {options}`: an item of a list. `kind` is for messages: "layer".
named_options read_item(const yaml::node& item, const std::string& kind,
                        const declared_options& declared);

/// All items of a list.
std::vector<named_options> read_items(const yaml::node& list, const std::string& kind,
                                      const declared_options& declared);

/// `{<label>: x, options}`, or just the name: `adam`, `{name: adam, learning_rate: 0.01}`.
named_options read_choice(const yaml::node& n, const std::string& label, const std::string& kind,
                          const declared_options& declared);

}  // namespace troupe
