#include "troupe/config/yaml/scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace troupe::yaml {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool only_digits(const std::string& text, std::size_t first) {
  return first < text.size() &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(), is_digit);
}

std::size_t sign_length(const std::string& text) {
  return !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
}

bool whole(const std::string& text) {
  return only_digits(text, sign_length(text));
}

/// YAML 1.1 reads 010 as eight, YAML 1.2 as ten, and 0o10 is the reverse: nobody should have to
/// know.
bool looks_octal(const std::string& text) {
  const std::size_t first = sign_length(text);
  if (text.size() < first + 2 || text[first] != '0') return false;
  if (text[first + 1] == 'o') return only_digits(text, first + 2);
  if (!is_digit(text[first + 1])) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(),
                     [](char c) { return is_digit(c) || c == '.'; });
}

std::optional<double> number(const std::string& text) {
  const std::size_t first = text.size() > 1 && text[0] == '+' ? 1 : 0;
  const std::size_t mantissa = sign_length(text);
  // from_chars would also take "nan" and "infinity", which in YAML are words.
  if (mantissa >= text.size() || !(is_digit(text[mantissa]) || text[mantissa] == '.')) return {};
  const std::string word = text.substr(mantissa);
  if (word == ".inf") return std::numeric_limits<double>::infinity() * (text[0] == '-' ? -1 : 1);
  if (word == ".nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + first, end, value);
  if (result.ec == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  if (result.ec != std::errc() || result.ptr != end) return {};
  return value;
}

[[noreturn]] void refuse(const node& n, const setting& declared) {
  if (n.is(node::kind::null)) {
    throw job_error(n.place(), fmt::format("'{}' has no value; it must be {}", declared.name,
                                           to_text(declared.type)));
  }
  throw job_error(n.place(), one_line(fmt::format("'{}' must be {}, not {}", declared.name,
                                                  to_text(declared.type), describe(n))));
}

void refuse_octal(const node& n) {
  if (!n.is(node::kind::scalar) || !n.plain || !looks_octal(n.text)) return;
  const std::size_t sign = sign_length(n.text);
  std::size_t first = n.text.find_first_not_of("0o", sign);
  if (first == std::string::npos) first = n.text.size() - 1;
  if (n.text[first] == '.') --first;
  throw job_error(n.place(), one_line(fmt::format(
                                 "'{0}' looks like an octal number; write {1}{2}, or \"{0}\" in "
                                 "quotes for text",
                                 n.text, n.text.substr(0, sign), n.text.substr(first))));
}

std::int64_t integer_of(const node& n, const setting& declared) {
  if (!n.is(node::kind::scalar) || !n.plain || !whole(n.text)) refuse(n, declared);
  std::int64_t value = 0;
  const std::size_t first = n.text[0] == '+' ? 1 : 0;
  const auto result = std::from_chars(n.text.data() + first, n.text.data() + n.text.size(), value);
  if (result.ec != std::errc()) {
    throw job_error(n.place(),
                    one_line(fmt::format("'{}' does not fit 64 bits: {}", declared.name, n.text)));
  }
  return value;
}

double number_of(const node& n, const setting& declared) {
  const auto value = n.is(node::kind::scalar) && n.plain ? number(n.text) : std::nullopt;
  if (!value) refuse(n, declared);
  return *value;
}

const std::string& text_of(const node& n, const setting& declared) {
  if (!n.is(node::kind::scalar)) refuse(n, declared);
  return n.text;
}

bool boolean_of(const node& n, const setting& declared) {
  if (!n.is(node::kind::scalar) || !n.plain || (n.text != "true" && n.text != "false")) {
    refuse(n, declared);
  }
  return n.text == "true";
}

/// A list, or a single scalar as a list of one.
template <class T, class Read>
std::vector<T> list_of(const node& n, const setting& declared, Read read) {
  if (n.is(node::kind::scalar)) return {read(n, declared)};
  if (!n.is(node::kind::list)) refuse(n, declared);
  std::vector<T> out;
  for (const node& item : n.items) {
    refuse_octal(item);
    if (!item.is(node::kind::scalar)) refuse(item, declared);
    out.push_back(read(item, declared));
  }
  return out;
}

setting_value converted(const node& n, const setting& declared) {
  refuse_octal(n);
  switch (declared.type) {
    case setting_type::boolean:
      return boolean_of(n, declared);
    case setting_type::integer:
      return integer_of(n, declared);
    case setting_type::number:
      return number_of(n, declared);
    case setting_type::text:
      return text_of(n, declared);
    case setting_type::integer_list:
      return list_of<std::int64_t>(n, declared, integer_of);
    case setting_type::number_list:
      return list_of<double>(n, declared, number_of);
    case setting_type::word_list:
      return list_of<std::string>(n, declared, text_of);
  }
  refuse(n, declared);
}

}  // namespace

setting_value value_of(const node& n, const setting& declared) {
  setting_value value = converted(n, declared);
  const std::string reason = misfit(declared, value);
  if (!reason.empty()) throw job_error(n.place(), one_line(reason));
  return value;
}

const std::string& word_of(const node& n, const std::string& what) {
  if (!n.is(node::kind::scalar) || n.text.empty()) {
    throw job_error(n.place(), one_line(fmt::format("expected {}, not {}", what, describe(n))));
  }
  return n.text;
}

}  // namespace troupe::yaml
