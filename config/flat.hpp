#pragma once

#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Every setting of a job's text by its path, in order: ("training.epochs", "5"). A list of plain
/// values is one setting: ("model.input", "[28, 28]"). `name` stands for the file in messages.
/// \throws error (job) for text that is no map in YAML.
std::vector<std::pair<std::string, std::string>> flat_settings(const std::string& text,
                                                               const std::string& name);

}  // namespace troupe
