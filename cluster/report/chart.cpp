#include "troupe/cluster/report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/plot.hpp"

namespace troupe::page {

namespace {

bool has_numbers(const chart& of) {
  const extent all = values_of(of, false);
  return all.high > all.low;
}

double highest(const chart& of) {
  double most = -std::numeric_limits<double>::infinity();
  for (const series& s : of.all) {
    for (const moment& m : s.moments) {
      if (std::isfinite(m.value)) most = std::max(most, m.value);
    }
  }
  return most;
}

std::string legend_of(const chart& of) {
  std::string out = "<ul class=\"legend\">\n";
  for (const series& s : of.all) {
    if (s.moments.empty()) continue;
    out += fmt::format(
        "<li data-name=\"{0}\"><svg class=\"{1}\" viewBox=\"0 0 30 10\" aria-hidden=\"true\">"
        "<path class=\"curve\" d=\"M0 5H30\"/></svg>{0}</li>\n",
        escaped(s.name), look_of(s.look));
  }
  return out + "</ul>\n";
}

}  // namespace

std::string figure_of(const chart& of) {
  if (!has_numbers(of)) return "";
  // What cannot be shown in another way is shown in any case.
  std::string out = fmt::format("<figure class=\"chart{}{}{}\">\n<figcaption><h3>{}</h3>",
                                of.over_rows ? " has-rows" : "", of.logarithmic ? " has-log" : "",
                                of.width > chart_width ? " spread" : "", escaped(of.title));
  std::string note = of.note;
  if (const double most = highest(of); most > ceiling_of(of)) {
    note += fmt::format(" The highest, {}, is above the linear chart.", number_text(most));
  }
  if (!note.empty()) out += fmt::format("<p class=\"note\">{}</p>", escaped(note));
  out += "</figcaption>\n<div class=\"plots\">\n";
  for (const bool rows : {false, true}) {
    if (rows && !of.over_rows) continue;
    for (const bool logarithmic : {false, true}) {
      if (logarithmic && !of.logarithmic) continue;
      out += plot_of(of, {rows ? &moment::rows : &moment::time, logarithmic});
    }
  }
  return out + "</div>\n" + legend_of(of) + "</figure>\n";
}

}  // namespace troupe::page
