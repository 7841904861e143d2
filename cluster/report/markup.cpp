#include "troupe/cluster/report/markup.hpp"

#include <fmt/format.h>

#include <cmath>

namespace troupe::page {

namespace {

constexpr std::size_t colours = 8, dashes = 5;
constexpr const char* replacement = "\xEF\xBF\xBD";

/// How many bytes the character at `at` has; 0 where there is none that a page may have.
std::size_t character_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = byte(at);
  if (first < 0x80) return first >= 0x20 || first == '\n' || first == '\t' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  unsigned code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80u) return 0;
    code = code << 6 | (byte(at + i) & 0x3Fu);
  }
  const unsigned least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  const bool control = code < 0xA0 || code == 0xFFFE || code == 0xFFFF;
  return code < least || code > 0x10FFFF || surrogate || control ? 0 : length;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    if (length == 0) {
      out += replacement;
      ++at;
      continue;
    }
    switch (text[at]) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.append(text, at, length);
    }
    at += length;
  }
  return out;
}

std::string count_text(double count) {
  if (!std::isfinite(count)) return "-";
  if (std::abs(count) >= 1e15) return number_text(count);
  std::string digits = fmt::format("{:.0f}", std::abs(count));
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return (count < 0 ? "-" : "") + digits;
}

std::string bytes_text(double bytes) {
  if (!std::isfinite(bytes)) return "-";
  const char* const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.3g} {}", bytes, units[unit]);
}

std::string seconds_text(double seconds) {
  if (!std::isfinite(seconds)) return "-";
  if (seconds < 10) return fmt::format("{:.2f} s", seconds);
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  const double whole = std::round(seconds), hours = std::floor(whole / 3600);
  const double minutes = std::floor(std::fmod(whole, 3600) / 60);
  if (hours > 0) return fmt::format("{:.0f} h {:.0f} min", hours, minutes);
  return fmt::format("{:.0f} min {:.0f} s", minutes, std::fmod(whole, 60));
}

std::string number_text(double value) {
  return std::isfinite(value) ? fmt::format("{:.4g}", value) : "-";
}

std::string counted(double count, const std::string& noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string look_of(std::size_t index) {
  std::string names = fmt::format("c{}", index % colours);
  if (index / colours % dashes > 0) names += fmt::format(" d{}", index / colours % dashes);
  return names;
}

std::string table(const std::string& caption, const std::vector<std::string>& heads,
                  const std::vector<std::vector<cell>>& rows) {
  std::string out = fmt::format(
      "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>"
      "<caption>{0}</caption>\n<thead><tr>",
      escaped(caption));
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const bool number = !rows.empty() && i < rows[0].size() && rows[0][i].number;
    out += fmt::format("<th scope=\"col\"{}>{}</th>", number ? " class=\"number\"" : "",
                       escaped(heads[i]));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const cell& c : row) {
      out += c.number ? "<td class=\"number\">" : "<td>";
      if (c.look >= 0) {
        out += fmt::format("<i class=\"key {}\"></i>", look_of(static_cast<std::size_t>(c.look)));
      }
      if (c.share >= 0) {
        out += fmt::format("<i class=\"bar\"><i style=\"width:{:.1f}%\"></i></i>", 100 * c.share);
      }
      out += escaped(c.text) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace troupe::page
