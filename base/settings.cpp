#include "troupe/base/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace troupe {

namespace {

template <class T>
setting make(std::string name, std::string meaning, setting_type type,
             const std::optional<T>& fallback) {
  setting s;
  s.name = std::move(name);
  s.meaning = std::move(meaning);
  s.type = type;
  if (fallback) s.fallback = setting_value(*fallback);
  return s;
}

std::vector<std::string> names_of(const std::vector<setting>& declared) {
  std::vector<std::string> names;
  for (const setting& s : declared) names.push_back(s.name);
  return names;
}

std::string number_text(double value) {
  return fmt::format("{}", value);
}

/// The value as the declared type if it can stand for it, else unchanged.
setting_value converted(setting_type type, const setting_value& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  switch (type) {
    case setting_type::number:
      if (integer) return static_cast<double>(*integer);
      break;
    case setting_type::integer_list:
      if (integer) return integers{*integer};
      if (const auto* list = std::get_if<numbers>(&value); list && list->empty()) return integers{};
      break;
    case setting_type::number_list:
      if (integer) return numbers{static_cast<double>(*integer)};
      if (const auto* number = std::get_if<double>(&value)) return numbers{*number};
      if (const auto* list = std::get_if<integers>(&value)) {
        return numbers(list->begin(), list->end());
      }
      break;
    case setting_type::word_list:
      if (const auto* text = std::get_if<std::string>(&value)) return words{*text};
      if (const auto* list = std::get_if<integers>(&value)) {
        words out;
        for (auto i : *list) out.push_back(std::to_string(i));
        return out;
      }
      // Labels and codes for "missing" are words that often look like numbers.
      if (integer || std::holds_alternative<double>(value)) return words{to_text(value)};
      if (const auto* list = std::get_if<numbers>(&value)) {
        words out;
        for (auto d : *list) out.push_back(number_text(d));
        return out;
      }
      break;
    default:
      break;
  }
  return value;
}

setting_type type_of(const setting_value& value) {
  return static_cast<setting_type>(value.index());
}

/// Not fmt::join: GCC 12 warns of an overflow inside it at -O3, mistakenly.
std::string joined(const words& list) {
  std::string text;
  for (const std::string& word : list) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

std::string range_text(const setting& s) {
  const bool low = std::isfinite(s.least), high = std::isfinite(s.most);
  std::string text;
  if (low) text += fmt::format("{} {}", s.least_excluded ? "above" : "at least", s.least);
  if (low && high) text += " and ";
  if (high) text += fmt::format("{} {}", s.most_excluded ? "below" : "at most", s.most);
  return text;
}

}  // namespace

declare declare::boolean(std::string name, std::string meaning, std::optional<bool> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::boolean, fallback));
}
declare declare::integer(std::string name, std::string meaning,
                         std::optional<std::int64_t> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::integer, fallback));
}
declare declare::number(std::string name, std::string meaning, std::optional<double> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::number, fallback));
}
declare declare::text(std::string name, std::string meaning, std::optional<std::string> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::text, fallback));
}
declare declare::integer_list(std::string name, std::string meaning,
                              std::optional<integers> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::integer_list, fallback));
}
declare declare::number_list(std::string name, std::string meaning,
                             std::optional<numbers> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::number_list, fallback));
}
declare declare::word_list(std::string name, std::string meaning, std::optional<words> fallback) {
  return declare(make(std::move(name), std::move(meaning), setting_type::word_list, fallback));
}

declare&& declare::at_least(double least) && {
  setting_.least = least;
  return std::move(*this);
}
declare&& declare::above(double least) && {
  setting_.least = least;
  setting_.least_excluded = true;
  return std::move(*this);
}
declare&& declare::at_most(double most) && {
  setting_.most = most;
  return std::move(*this);
}
declare&& declare::below(double most) && {
  setting_.most = most;
  setting_.most_excluded = true;
  return std::move(*this);
}
declare&& declare::one_of(std::vector<std::string> choices) && {
  setting_.choices = std::move(choices);
  return std::move(*this);
}
declare&& declare::required() && {
  setting_.required = true;
  return std::move(*this);
}

settings::settings(std::initializer_list<std::pair<std::string, setting_value>> values)
    : values_(values) {}

void settings::set(const std::string& name, setting_value value) {
  for (auto& entry : values_) {
    if (entry.first == name) {
      entry.second = std::move(value);
      return;
    }
  }
  values_.emplace_back(name, std::move(value));
}

const setting_value* settings::find(const std::string& name) const noexcept {
  for (const auto& entry : values_) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}

namespace {

template <class T>
const T& typed(const settings& all, const std::string& name) {
  const setting_value* value = all.find(name);
  if (!value) throw std::logic_error("no setting named " + name);
  const T* held = std::get_if<T>(value);
  if (!held) throw std::logic_error("setting " + name + " has another type");
  return *held;
}

}  // namespace

bool settings::boolean(const std::string& name) const {
  return typed<bool>(*this, name);
}
std::int64_t settings::integer(const std::string& name) const {
  return typed<std::int64_t>(*this, name);
}
double settings::number(const std::string& name) const {
  const setting_value* value = find(name);
  if (value && std::holds_alternative<std::int64_t>(*value)) {
    return static_cast<double>(std::get<std::int64_t>(*value));
  }
  return typed<double>(*this, name);
}
const std::string& settings::text(const std::string& name) const {
  return typed<std::string>(*this, name);
}
const integers& settings::integer_list(const std::string& name) const {
  return typed<integers>(*this, name);
}
numbers settings::number_list(const std::string& name) const {
  const setting_value* value = find(name);
  if (value) return std::get<numbers>(converted(setting_type::number_list, *value));
  return typed<numbers>(*this, name);
}
const words& settings::word_list(const std::string& name) const {
  return typed<words>(*this, name);
}

std::string misfit(const setting& declared, const setting_value& value) {
  if (type_of(value) != declared.type) {
    return fmt::format("'{}' must be {}, not {}", declared.name, to_text(declared.type),
                       to_text(value));
  }
  auto outside = [&](double x) {
    return !(declared.least_excluded ? x > declared.least : x >= declared.least) ||
           !(declared.most_excluded ? x < declared.most : x <= declared.most) || !std::isfinite(x);
  };
  bool bad = false;
  if (const auto* i = std::get_if<std::int64_t>(&value)) bad = outside(static_cast<double>(*i));
  if (const auto* d = std::get_if<double>(&value)) bad = outside(*d);
  if (const auto* list = std::get_if<integers>(&value)) {
    for (auto i : *list) bad = bad || outside(static_cast<double>(i));
  }
  if (const auto* list = std::get_if<numbers>(&value)) {
    for (auto d : *list) bad = bad || outside(d);
  }
  if (bad) {
    const std::string range = range_text(declared);
    return fmt::format("'{}' must be {}, not {}", declared.name, range.empty() ? "finite" : range,
                       to_text(value));
  }
  if (declared.choices.empty()) return {};
  words chosen;
  if (const auto* text = std::get_if<std::string>(&value)) chosen = {*text};
  if (const auto* list = std::get_if<words>(&value)) chosen = *list;
  for (const std::string& word : chosen) {
    if (std::find(declared.choices.begin(), declared.choices.end(), word) ==
        declared.choices.end()) {
      return unknown_word(declared.name, word, declared.choices);
    }
  }
  return {};
}

settings resolve(const std::vector<setting>& declared, const settings& given,
                 const place_of& place_given, const std::string& of_what) {
  const auto place = [&](const std::string& option) {
    return place_given ? place_given(option) : std::string();
  };
  for (const auto& entry : given.values()) {
    const bool known = std::any_of(declared.begin(), declared.end(),
                                   [&](const setting& s) { return s.name == entry.first; });
    if (!known) {
      throw job_error(place(entry.first),
                      unknown_word("option of " + of_what, entry.first, names_of(declared)));
    }
  }
  settings out;
  for (const setting& s : declared) {
    if (const setting_value* value = given.find(s.name)) {
      setting_value fitted = converted(s.type, *value);
      const std::string reason = misfit(s, fitted);
      if (!reason.empty()) throw job_error(place(s.name), reason);
      out.set(s.name, std::move(fitted));
    } else if (s.fallback) {
      out.set(s.name, *s.fallback);
    } else if (s.required) {
      throw job_error(place(""), fmt::format("{} needs '{}' ({})", of_what, s.name, s.meaning));
    }
  }
  return out;
}

namespace {

std::string text_of(bool b) {
  return b ? "true" : "false";
}
std::string text_of(std::int64_t i) {
  return std::to_string(i);
}
std::string text_of(double d) {
  return fmt::format("{}", d);
}
std::string text_of(const std::string& s) {
  return s;
}
template <class T>
std::string text_of(const std::vector<T>& list) {
  words parts;
  for (const T& value : list) parts.push_back(text_of(value));
  return "[" + joined(parts) + "]";
}

}  // namespace

std::string to_text(const setting_value& value) {
  return std::visit([](const auto& held) { return text_of(held); }, value);
}

std::string to_text(setting_type type) {
  switch (type) {
    case setting_type::boolean:
      return "true or false";
    case setting_type::integer:
      return "a whole number";
    case setting_type::number:
      return "a number";
    case setting_type::text:
      return "a word";
    case setting_type::integer_list:
      return "a list of whole numbers";
    case setting_type::number_list:
      return "a list of numbers";
    case setting_type::word_list:
      return "a list of words";
  }
  return "a value";
}

namespace {

/// Letters that people mix up are the same to it: ReLU and relu, max-pool2d and max_pool2d.
std::string folded(std::string word) {
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return word;
}

/// Insertions, deletions and replacements from one word to the other (Levenshtein 1966).
std::size_t distance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;
  if (word.size() > longest) return std::nullopt;
  const std::string given = folded(word);
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t d = distance(given, folded(candidate));
    if (d < least && d < candidate.size()) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_word(const std::string& what, const std::string& word,
                         const std::vector<std::string>& known) {
  if (const auto near = nearest(word, known)) {
    return fmt::format("unknown {} '{}'; did you mean '{}'?", what, word, *near);
  }
  if (known.empty()) return fmt::format("unknown {} '{}'; there are none", what, word);
  return fmt::format("unknown {} '{}'; known: {}", what, word, joined(known));
}

}  // namespace troupe
