#include <fmt/format.h>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/sections.hpp"
#include "troupe/cluster/report/story.hpp"
#include "troupe/cluster/report/timeline.hpp"

namespace troupe::page {

namespace {

constexpr std::size_t most_told = 1500;

/// Check boxes in front of the list hide what is of their kind, by style alone.
std::string filters(const std::vector<told>& all) {
  std::string out;
  for (const about kind : all_kinds) {
    std::size_t count = 0;
    for (const told& t : all) count += t.kind == kind ? 1 : 0;
    if (count == 0) continue;
    out += fmt::format(
        "<input type=\"checkbox\" id=\"show-{0}\" class=\"show\" checked=\"checked\">"
        "<label for=\"show-{0}\">{0} <small>{1}</small></label>\n",
        word_of(kind), count);
  }
  return out;
}

}  // namespace

part story_section(const run_record& run) {
  if (run.events.empty()) return {};
  const std::vector<told> all = tell_all(run.events, most_told);
  std::string list = "<ol class=\"story\" tabindex=\"0\" aria-label=\"events\">\n";
  for (const told& t : all) {
    list +=
        fmt::format("<li data-kind=\"{}\"{}><time>{}{}</time> <span>{}</span></li>\n",
                    word_of(t.kind), t.trouble ? " class=\"trouble\"" : "", seconds_text(t.time),
                    t.until > t.time ? " to " + seconds_text(t.until) : "", escaped(t.text));
  }
  list += "</ol>\n";
  return {"story", "Story",
          timeline_figure(run) + "<div class=\"events\">\n<h3>Events</h3>\n" + filters(all) +
              "<input type=\"search\" class=\"needs-script\" id=\"find\" "
              "placeholder=\"find in events\" aria-label=\"find in events\">\n" +
              list + "</div>\n"};
}

}  // namespace troupe::page
