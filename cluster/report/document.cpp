#include "troupe/cluster/report/document.hpp"

#include <fmt/format.h>

#include "troupe/actors/version.hpp"
#include "troupe/cluster/report/markup.hpp"

namespace troupe::page {

namespace {

/// Before everything they change: a style can then tell what is checked.
constexpr const char* switches =
    "<input type=\"radio\" name=\"axis\" id=\"over-time\" class=\"switch\" checked=\"checked\">"
    "<input type=\"radio\" name=\"axis\" id=\"over-rows\" class=\"switch\">"
    "<input type=\"radio\" name=\"scale\" id=\"linear\" class=\"switch\" checked=\"checked\">"
    "<input type=\"radio\" name=\"scale\" id=\"logarithmic\" class=\"switch\">\n";

constexpr const char* controls =
    "<div class=\"controls\">"
    "<span class=\"choice\"><span>curves over</span>"
    "<label for=\"over-time\">time</label><label for=\"over-rows\">rows</label></span>"
    "<span class=\"choice\"><span>loss</span>"
    "<label for=\"linear\">linear</label><label for=\"logarithmic\">logarithmic</label></span>"
    "<button type=\"button\" id=\"theme\" class=\"needs-script\">dark or light</button>"
    "</div>\n";

std::string head_of(const heading& head) {
  std::string out = fmt::format("<header>\n<h1>{}", escaped(head.title));
  if (!head.badge.empty()) {
    out += fmt::format(" <span class=\"badge {}\">{}</span>", head.badge_kind, escaped(head.badge));
  }
  out += fmt::format("</h1>\n<p class=\"subtitle\">{}</p>\n", escaped(head.subtitle));
  if (!head.tiles.empty()) out += "<dl class=\"tiles\">\n";
  for (const tile& t : head.tiles) {
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(t.label), escaped(t.value));
  }
  if (!head.tiles.empty()) out += "</dl>\n";
  if (!head.warnings.empty()) out += "<ul class=\"warnings\">\n";
  for (const std::string& line : head.warnings) out += fmt::format("<li>{}</li>\n", escaped(line));
  if (!head.warnings.empty()) out += "</ul>\n";
  return out + "</header>\n";
}

}  // namespace

std::string document(const heading& head, const std::vector<part>& parts) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"troupe {}\">\n<title>{}</title>\n<style>\n{}</style>\n"
      "</head>\n<body>\n",
      version, escaped(head.title), page_style);
  out += switches + head_of(head) + "<nav aria-label=\"contents\">\n<ul>";
  std::string main;
  for (const part& p : parts) {
    if (p.content.empty()) continue;
    out += fmt::format("<li><a href=\"#{}\">{}</a></li>", p.id, escaped(p.title));
    main += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-head\">\n<h2 id=\"{0}-head\">{1}</h2>\n", p.id,
        escaped(p.title));
    main += p.content + "</section>\n";
  }
  out += std::string("</ul>\n") + controls + "</nav>\n<main>\n";
  if (main.empty()) main = "<p>There is nothing to show yet.</p>\n";
  return out + main + "</main>\n<script>\n" + page_script + "</script>\n</body>\n</html>\n";
}

}  // namespace troupe::page
