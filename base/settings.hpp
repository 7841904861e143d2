#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "troupe/base/error.hpp"

namespace troupe {

/// A list of integers (a shape, a kernel size ...), of numbers, or of words.
using integers = std::vector<std::int64_t>;
using numbers = std::vector<double>;
using words = std::vector<std::string>;

/// The value of one option of a layer, rule, reader, transform or protocol.
using setting_value =
    std::variant<bool, std::int64_t, double, std::string, integers, numbers, words>;

/// In the order of setting_value's alternatives.
enum class setting_type { boolean, integer, number, text, integer_list, number_list, word_list };

/// One option, declared once: validation, defaults, `troupe check` and the reference page all
/// come from here.
struct setting {
  std::string name;     ///< as written in a job: `learning_rate`
  std::string meaning;  ///< one sentence, with its unit
  setting_type type = setting_type::number;
  std::optional<setting_value> fallback;  ///< the default; none: see `required`
  bool required = false;  ///< without default and required: leaving it out is an error
  /// Closed range of numbers (each element of a list).
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool least_excluded = false, most_excluded = false;
  /// The words allowed, for text and words; empty: any.
  std::vector<std::string> choices = {};
};

/// Makers for readable declarations: `declare::number("rate", "share dropped", 0.5).at_least(0)`.
class declare {
 public:
  static declare boolean(std::string name, std::string meaning, std::optional<bool> fallback = {});
  static declare integer(std::string name, std::string meaning,
                         std::optional<std::int64_t> fallback = {});
  static declare number(std::string name, std::string meaning, std::optional<double> fallback = {});
  static declare text(std::string name, std::string meaning,
                      std::optional<std::string> fallback = {});
  static declare integer_list(std::string name, std::string meaning,
                              std::optional<integers> fallback = {});
  static declare number_list(std::string name, std::string meaning,
                             std::optional<numbers> fallback = {});
  static declare word_list(std::string name, std::string meaning,
                           std::optional<words> fallback = {});

  declare&& at_least(double least) &&;
  declare&& above(double least) &&;
  declare&& at_most(double most) &&;
  declare&& below(double most) &&;
  declare&& one_of(std::vector<std::string> choices) &&;
  declare&& required() &&;
  operator setting() && { return std::move(setting_); }  // NOLINT: a declaration is a setting

 private:
  explicit declare(setting s) : setting_(std::move(s)) {}
  setting setting_;
};

/// Named values, in the order given. Small: looked up by walking.
class settings {
 public:
  settings() = default;
  settings(std::initializer_list<std::pair<std::string, setting_value>> values);

  void set(const std::string& name, setting_value value);
  bool has(const std::string& name) const noexcept { return find(name) != nullptr; }
  const setting_value* find(const std::string& name) const noexcept;

  /// Typed access; an absent name or another type is a programming error (std::logic_error),
  /// since `resolve` has checked both. An integer may be read as a number.
  bool boolean(const std::string& name) const;
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  const integers& integer_list(const std::string& name) const;
  numbers number_list(const std::string& name) const;
  const words& word_list(const std::string& name) const;

  const std::vector<std::pair<std::string, setting_value>>& values() const noexcept {
    return values_;
  }
  bool empty() const noexcept { return values_.empty(); }
  bool operator==(const settings& other) const { return values_ == other.values_; }

 private:
  std::vector<std::pair<std::string, setting_value>> values_;
};

/// Finds the place (file:line:column, say) of an option by its name; "" is the whole. An empty
/// function: no places are known.
using place_of = std::function<std::string(const std::string& option)>;

/// Checks `given` against the declarations and fills in the defaults; the result is in the order
/// of the declarations. An integer given for a number is converted; a single number given for a
/// list of numbers or integers is a list of one.
/// \throws error (job) for an unknown option (with a "did you mean"), a wrong type, a value out
///         of range or not among the choices, or a required one missing.
settings resolve(const std::vector<setting>& declared, const settings& given, const place_of& place,
                 const std::string& of_what);

/// Whether `value` fits the declaration; the reason why not, else "".
std::string misfit(const setting& declared, const setting_value& value);

/// The value as YAML flow text: `0.5`, `[3, 3]`, `relu`.
std::string to_text(const setting_value& value);
std::string to_text(setting_type type);

/// The known word nearest to `word` by edit distance, if near enough to be a slip of the pen.
/// Capitals and hyphens make no difference.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known);

/// "unknown <what> 'wrod'; did you mean 'word'?" or, with nothing near, "...; known: a, b, c".
std::string unknown_word(const std::string& what, const std::string& word,
                         const std::vector<std::string>& known);

}  // namespace troupe
