#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "troupe/base/error.hpp"
#include "troupe/cluster/report/document.hpp"
#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/page.hpp"
#include "troupe/cluster/report/sections.hpp"
#include "troupe/cluster/report/story.hpp"
#include "troupe/config/flat.hpp"

namespace troupe::page {

namespace {

constexpr std::size_t most_differences = 300, longest_value = 300;

/// What of a measure a chart shows: what reports say, or what evaluations of one part say.
struct facet {
  std::string measure, part;  ///< part "": training
  bool loss = false;
};

std::vector<facet> facets_of(const std::vector<std::vector<measure>>& all) {
  std::vector<facet> out;
  const auto add = [&](const facet& f) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const facet& o) {
      return o.measure == f.measure && o.part == f.part;
    });
    if (!known) out.push_back(f);
  };
  for (const auto& measures : all) {
    for (const measure& m : measures) {
      add({m.name, "", m.loss});
      for (const auto& [part, moments] : m.evaluated) add({m.name, part, m.loss});
    }
  }
  return out;
}

part curves_of(const std::vector<compared>& runs) {
  std::vector<std::vector<measure>> all;
  for (const compared& c : runs) all.push_back(measures_of(c.run));
  std::string figures;
  for (const facet& f : facets_of(all)) {
    chart c;
    c.title = fmt::format("{} {}", f.part.empty() ? "Training" : f.part, f.measure);
    std::replace(c.title.begin(), c.title.end(), '_', ' ');
    if (c.title[0] >= 'a' && c.title[0] <= 'z') c.title[0] = static_cast<char>(c.title[0] - 32);
    c.value_name = f.measure;
    c.logarithmic = c.limits_rise = c.from_zero = f.loss;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto found = std::find_if(all[i].begin(), all[i].end(),
                                      [&](const measure& m) { return m.name == f.measure; });
      if (found == all[i].end()) continue;
      series s{runs[i].name, i, f.part.empty() ? series::drawn::mean : series::drawn::points, {}};
      if (f.part.empty()) s.moments = found->trained;
      for (const auto& [part, moments] : found->evaluated) {
        if (part == f.part) s.moments = moments;
      }
      if (!s.moments.empty()) c.all.push_back(std::move(s));
    }
    if (f.part.empty()) {
      c.note =
          "The mean of the reports that came together, in a band from the lowest to the "
          "highest.";
    }
    figures += figure_of(c);
  }
  if (figures.empty()) return {};
  return {"curves", "Curves", "<div class=\"figures\">\n" + figures + "</div>\n"};
}

struct column {
  const char* head;
  const char* key;
  std::string (*text)(double);
};

const column columns[] = {{"time", "seconds", seconds_text},
                          {"rows/s", "samples_per_second", count_text},
                          {"rows", "rows_trained", count_text},
                          {"commits", "commits", count_text},
                          {"sent", "bytes_sent", bytes_text},
                          {"received", "bytes_received", bytes_text},
                          {"staleness", "mean_staleness", number_text},
                          {"moves", "rebalances", count_text},
                          {"train loss", "train_loss", number_text},
                          {"test loss", "test_loss", number_text},
                          {"test accuracy", "test_accuracy", number_text}};

std::string ending_of(const run_record& run) {
  if (run.state == standing::under_way) return "under way";
  if (run.state == standing::cut_short) return "cut short";
  const std::string why = run.word("stopped_by");
  return why.empty() ? "-" : why;
}

part summaries_of(const std::vector<compared>& runs, const std::vector<std::string>& notes) {
  std::vector<std::string> heads = {"run"};
  for (const column& c : columns) heads.emplace_back(c.head);
  heads.insert(heads.end(), {"troubles", "ended by", "folder"});
  std::vector<std::vector<cell>> lines;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const run_record& run = runs[i].run;
    std::vector<cell> line = {{runs[i].name, false, -1, static_cast<int>(i % 40)}};
    for (const column& c : columns) line.push_back({c.text(run.number(c.key)), true, -1, -1});
    const auto troubles = std::count_if(run.events.begin(), run.events.end(),
                                        [](const happening& h) { return tell(h).trouble; });
    line.push_back({count_text(static_cast<double>(troubles)), true, -1, -1});
    line.push_back({ending_of(run), false, -1, -1});
    line.push_back({run.folder, false, -1, -1});
    lines.push_back(std::move(line));
  }
  std::string out = table("The summaries of the runs", heads, lines);
  if (!notes.empty()) out += "<ul class=\"note\">\n";
  for (const std::string& note : notes) out += fmt::format("<li>{}</li>\n", escaped(note));
  if (!notes.empty()) out += "</ul>\n";
  return {"summaries", "Summaries", out};
}

std::map<std::string, std::string> settings_of(const run_record& run) {
  std::map<std::string, std::string> out;
  try {
    for (const auto& [key, value] : flat_settings(run.job_text, "job.yaml")) {
      out[key] = value.substr(0, longest_value);
    }
  } catch (const error&) {
    // Said among the problems of the run.
  }
  return out;
}

part differences_of(const std::vector<compared>& runs) {
  std::vector<std::map<std::string, std::string>> settings;
  std::map<std::string, std::size_t> keys;
  for (const compared& c : runs) {
    settings.push_back(c.run.job_text.empty() ? std::map<std::string, std::string>()
                                              : settings_of(c.run));
    for (const auto& [key, value] : settings.back()) ++keys[key];
  }
  std::vector<std::vector<cell>> lines;
  std::size_t left_out = 0;
  for (const auto& [key, count] : keys) {
    std::vector<cell> line = {{key, false, -1, -1}};
    bool same = true;
    for (const auto& of : settings) {
      const auto found = of.find(key);
      line.push_back({found == of.end() ? "-" : found->second, false, -1, -1});
      same = same && line.back().text == line[1].text;
    }
    if (same) continue;
    if (lines.size() < most_differences) {
      lines.push_back(std::move(line));
    } else {
      ++left_out;
    }
  }
  std::vector<std::string> heads = {"setting"};
  for (const compared& c : runs) heads.push_back(c.name);
  std::string out = lines.empty() ? "<p>Their jobs say the same.</p>\n"
                                  : table("In what the jobs differ", heads, lines);
  if (left_out > 0) {
    out += fmt::format("<p class=\"note\">{} more differ.</p>\n",
                       counted(static_cast<double>(left_out), "setting"));
  }
  return {"settings", "Settings", out};
}

}  // namespace

std::string compare_page(const std::string& title, const std::vector<compared>& runs,
                         const std::vector<std::string>& notes) {
  heading head;
  head.title = title;
  head.subtitle = counted(static_cast<double>(runs.size()), "run");
  for (const compared& c : runs) {
    for (const std::string& problem : c.run.problems) {
      head.warnings.push_back(c.name + ": " + problem);
    }
  }
  return document(head, {curves_of(runs), summaries_of(runs, notes), differences_of(runs)});
}

}  // namespace troupe::page
