#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"

namespace troupe::yaml {

/// Writes the YAML of a job: nested block maps, short lists and options in flow style, every text
/// quoted that would read back as something else.
class writer {
 public:
  /// `name:` and one level deeper, until `end`; `empty` is what follows the name where nothing
  /// was written between: `{}` or `[]`.
  void begin(const std::string& name);
  void end(const std::string& empty = "{}");

  /// `name: value`
  void put(const std::string& name, const setting_value& value);
  /// `name: {key: value, ...}`
  void put_map(const std::string& name, const settings& values);
  /// `- value`, `- {key: value, ...}`, as an item of the list begun last.
  void item(const std::string& name);
  void item_map(const settings& values);
  /// `- name: {options}`, or the bare name without options.
  void item_with_options(const std::string& name, const settings& options);

  const std::string& text() const noexcept { return text_; }

 private:
  void line(const std::string& content);

  std::string text_;
  std::vector<std::size_t> begun_;  ///< length of the text behind each open name
};

/// A value in flow style: `[3, 3]`, `"two words"`.
std::string flow(const setting_value& value);
/// `{key: value, ...}`
std::string flow(const settings& values);

}  // namespace troupe::yaml
