#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "troupe/cluster/report/document.hpp"
#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/page.hpp"
#include "troupe/cluster/report/sections.hpp"
#include "troupe/cluster/report/story.hpp"

namespace troupe::page {

namespace {

bool well_ended(const std::string& stopped_by) {
  return stopped_by != "failed" && stopped_by != "diverged" && stopped_by != "interrupted";
}

/// How the run ended, as the badge of its page.
void judge(const run_record& run, heading& head) {
  if (run.state == standing::under_way) {
    head.badge = "under way";
    head.badge_kind = "busy";
  } else if (run.state == standing::cut_short) {
    head.badge = "cut short";
    head.badge_kind = "bad";
  } else {
    const std::string why = run.word("stopped_by");
    head.badge = why == "epochs" ? "all epochs trained" : why.empty() ? "over" : why;
    std::replace(head.badge.begin(), head.badge.end(), '_', ' ');
    head.badge_kind = well_ended(why) ? "good" : "bad";
  }
}

std::string subtitle_of(const run_record& run) {
  std::vector<std::string> parts;
  for (const char* key : {"protocol", "consistency", "compression"}) {
    const std::string word = run.word(key);
    if (!word.empty() && !(key == std::string("compression") && word == "none")) {
      parts.push_back(word);
    }
  }
  const auto add = [&](const char* key, const char* noun) {
    const double count = run.number(key);
    if (count > 0) parts.push_back(counted(count, noun));
  };
  add("workers", "worker");
  add("parameter_servers", "parameter server");
  // In one process nodes say nothing.
  if (run.number("nodes") > 1) add("nodes", "node");
  add("parameters", "parameter");
  return fmt::format("{}{}{}", fmt::join(parts, ", "), parts.empty() ? "" : " · ", run.folder);
}

double last_loss(const run_record& run) {
  return run.samples.empty() ? no_number : run.samples.back().loss;
}

/// Of a run without a summary: what its history says.
std::vector<tile> tiles_so_far(const run_record& run) {
  std::vector<tile> out;
  const double seconds = run.seconds();
  const double rows = run.samples.empty() ? no_number : run.samples.back().rows;
  out.push_back({"time so far", seconds_text(seconds)});
  out.push_back({"rows so far", count_text(rows)});
  if (seconds > 0) out.push_back({"rows a second", count_text(rows / seconds)});
  out.push_back({"last training loss", number_text(last_loss(run))});
  if (!run.evaluations.empty()) {
    const evaluation& last = run.evaluations.back();
    out.push_back({"last " + last.part + " loss", number_text(last.loss)});
    for (const auto& [name, value] : last.metrics) {
      out.push_back({"last " + last.part + " " + name, number_text(value)});
    }
  }
  return out;
}

std::vector<tile> tiles_of(const run_record& run) {
  std::vector<tile> out;
  if (!run.summary.is_object()) {
    out = tiles_so_far(run);
  } else {
    const auto add = [&](const char* label, const char* key, std::string (*text)(double)) {
      const double value = run.number(key);
      if (std::isfinite(value)) out.push_back({label, text(value)});
    };
    add("test accuracy", "test_accuracy", number_text);
    add("test loss", "test_loss", number_text);
    add("training loss", "train_loss", number_text);
    add("training time", "seconds", seconds_text);
    add("rows a second", "samples_per_second", count_text);
    add("rows trained", "rows_trained", count_text);
    add("trained again", "rows_repeated", count_text);
    add("mean staleness", "mean_staleness", number_text);
    add("moves of rows", "rebalances", count_text);
    add("sent", "bytes_sent", bytes_text);
  }
  // What is nothing to tell of is not told.
  out.erase(std::remove_if(out.begin(), out.end(),
                           [](const tile& t) {
                             return t.value == "0" &&
                                    (t.label == "trained again" || t.label == "moves of rows");
                           }),
            out.end());
  std::size_t troubles = 0;
  for (const happening& h : run.events) troubles += tell(h).trouble ? 1 : 0;
  if (troubles > 0) out.push_back({"troubles", count_text(static_cast<double>(troubles))});
  return out;
}

std::vector<std::string> warnings_of(const run_record& run) {
  std::vector<std::string> out;
  if (run.state == standing::under_way) {
    out.emplace_back(
        "The run is under way: this page shows how far it was when the page was made.");
  }
  if (run.state == standing::cut_short) {
    out.emplace_back(
        "The run ended without a summary: its process was killed or crashed, or the "
        "file is damaged. What it wrote until then is shown.");
  }
  if (const std::string why = run.word("failure"); !why.empty()) out.push_back(why);
  if (run.samples.empty() && run.evaluations.empty()) {
    out.emplace_back("The run has no history: there are no curves.");
  }
  if (const std::string why = run.word("reproducible_because"); !why.empty()) {
    out.push_back("The same seed need not give the same bits: " + why + ".");
  }
  out.insert(out.end(), run.problems.begin(), run.problems.end());
  return out;
}

}  // namespace

std::string run_page(const run_record& run) {
  heading head;
  head.title = run.name;
  head.subtitle = subtitle_of(run);
  head.tiles = tiles_of(run);
  head.warnings = warnings_of(run);
  judge(run, head);
  const worker_stories workers = stories_of(run);
  return document(head, {curves_section(run), workers_section(run, workers),
                         staleness_section(run, workers), traffic_section(run, workers),
                         story_section(run), job_section(run), summary_section(run)});
}

}  // namespace troupe::page
