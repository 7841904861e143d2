#include <fmt/format.h>

#include <algorithm>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/sections.hpp"
#include "troupe/cluster/report/story.hpp"

namespace troupe::page {

namespace {

constexpr std::size_t most_signs = 40, most_measures = 24;

std::vector<moment>& part_of(measure& m, const std::string& part) {
  const std::string name = part.empty() ? "evaluation" : part;
  for (auto& [known, moments] : m.evaluated) {
    if (known == name) return moments;
  }
  m.evaluated.push_back({name, {}});
  return m.evaluated.back().second;
}

/// What was more than a day's work for the run, as lines in its curves.
std::vector<sign> troubles(const run_record& run) {
  std::vector<sign> out;
  for (const happening& h : run.events) {
    const told t = tell(h);
    const bool turn = h.name == "resumed" || h.name == "warm_start_ended";
    if (!t.trouble && !turn) continue;
    if (t.kind == about::checkpoints || h.name == "failed") continue;
    out.push_back({h.time, no_number, '|', 7, seconds_text(h.time) + ": " + t.text});
  }
  // Of very many there would be nothing but lines.
  if (out.size() > most_signs) out.clear();
  return out;
}

std::string title_of(const std::string& name) {
  std::string out = name;
  std::replace(out.begin(), out.end(), '_', ' ');
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

}  // namespace

std::vector<measure> measures_of(const run_record& run) {
  std::vector<measure> all(2);
  all[0].name = "loss";
  all[0].loss = true;
  all[1].name = "accuracy";
  for (const sample& s : run.samples) {
    all[0].trained.push_back({s.time, s.rows, s.loss});
    all[1].trained.push_back({s.time, s.rows, s.accuracy});
  }
  for (const evaluation& e : run.evaluations) {
    part_of(all[0], e.part).push_back({e.time, e.rows, e.loss});
    for (const auto& [name, value] : e.metrics) {
      auto found = std::find_if(all.begin(), all.end(),
                                [&, &wanted = name](const measure& m) { return m.name == wanted; });
      if (found == all.end()) {
        if (all.size() >= most_measures) continue;
        all.push_back({name, false, {}, {}});
        found = std::prev(all.end());
      }
      part_of(*found, e.part).push_back({e.time, e.rows, value});
    }
  }
  return all;
}

part curves_section(const run_record& run) {
  std::string figures;
  const std::vector<sign> signs = troubles(run);
  for (const measure& m : measures_of(run)) {
    chart c;
    c.title = title_of(m.name);
    c.value_name = m.name;
    c.logarithmic = c.limits_rise = c.from_zero = m.loss;
    c.signs = signs;
    c.end = run.seconds();
    if (!m.trained.empty()) c.all.push_back({"training", 0, series::drawn::mean, m.trained});
    std::size_t look = 1;
    for (const auto& [part, moments] : m.evaluated) {
      c.all.push_back({part, look++, series::drawn::points, moments});
    }
    if (!m.trained.empty()) {
      c.note =
          "Training: the mean of the reports that came together, in a band from the lowest to "
          "the highest. Dots: evaluations.";
    }
    if (!signs.empty()) c.note += " Dotted lines: what happened to the run; see its story.";
    figures += figure_of(c);
  }
  if (figures.empty()) return {};
  return {"curves", "Curves", "<div class=\"figures\">\n" + figures + "</div>\n"};
}

}  // namespace troupe::page
