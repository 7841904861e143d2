#include "troupe/cluster/metrics/exposition.hpp"

#include <fmt/format.h>

#include <cmath>

namespace troupe {

namespace {

/// Text in a line of its own; in a label's value quotes would end it.
std::string escaped(const std::string& text, bool quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

void exposition::family(const std::string& name, kind of, const std::string& help) {
  name_ = name;
  head_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name,
                      of == kind::counter ? "counter" : "gauge");
}

void exposition::sample(double value, const labels& of) {
  text_ += head_ + name_;
  head_.clear();
  std::string inside;
  for (const auto& [label, text] : of) {
    if (text.empty()) continue;
    inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", label, escaped(text, true));
  }
  if (!inside.empty()) text_ += "{" + inside + "}";
  text_ += " " + number_text(value) + "\n";
}

}  // namespace troupe
