#include "comparison.hpp"

#include <fmt/format.h>

#include "text.hpp"

namespace troupe::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr double megabyte = 1e6;

/// A number of the summary; "-" where it has none. fmt's format string is fixed for a column.
template <class Format>
std::string number(const json& summary, const char* key, const Format& format, double unit = 1) {
  if (!summary.is_object()) return "-";
  const auto found = summary.find(key);
  if (found == summary.end() || !found->is_number()) return "-";
  return fmt::format(format, found->get<double>() / unit);
}

std::vector<std::string> cells_of(const compared_run& run) {
  const json& s = run.summary;
  return {run.protocol,
          fmt::format("{}", run.workers),
          run.consistency,
          run.compression,
          number(s, "seconds", FMT_STRING("{:.2f}")),
          number(s, "samples_per_second", FMT_STRING("{:.0f}")),
          number(s, "rows_trained", FMT_STRING("{:.0f}")),
          number(s, "commits", FMT_STRING("{:.0f}")),
          number(s, "bytes_sent", FMT_STRING("{:.2f}"), megabyte),
          number(s, "bytes_received", FMT_STRING("{:.2f}"), megabyte),
          number(s, "mean_staleness", FMT_STRING("{:.2f}")),
          number(s, "train_loss", FMT_STRING("{:.4f}")),
          number(s, "test_loss", FMT_STRING("{:.4f}")),
          number(s, "test_accuracy", FMT_STRING("{:.4f}")),
          run.stopped_by};
}

/// A bar would end a cell, and so would the end of the line.
std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c == '\n' ? ' ' : c);
  return out;
}

}  // namespace

std::string compared_run::label() const {
  return fmt::format("{}, {}", protocol, counted(workers, "worker"));
}

std::vector<std::vector<std::string>> cells_of(const comparison& of) {
  std::vector<std::vector<std::string>> rows = {
      {"protocol", "workers", "consistency", "compression", "seconds", "samples/s", "rows",
       "commits", "MB sent", "MB received", "mean staleness", "train loss", "test loss",
       "test accuracy", "stopped by"}};
  for (const compared_run& run : of.runs) rows.push_back(cells_of(run));
  return rows;
}

std::vector<std::string> notes_of(const comparison& of) {
  std::vector<std::string> notes;
  for (const compared_run& run : of.runs) {
    if (!run.failure.empty()) notes.push_back(run.label() + ": " + run.failure);
  }
  notes.insert(notes.end(), of.left_out.begin(), of.left_out.end());
  if (of.runs.size() < of.planned) {
    notes.push_back(
        fmt::format("{} of {} settings were not run", of.planned - of.runs.size(), of.planned));
  }
  return notes;
}

std::string to_text(const comparison& of) {
  std::string text = aligned(cells_of(of), first_number_column);
  for (const std::string& note : notes_of(of)) text += note + "\n";
  return text;
}

std::string to_markdown(const comparison& of) {
  std::string text = fmt::format("# {}: protocols compared\n\n", of.job);
  bool head = true;
  for (const auto& row : cells_of(of)) {
    for (const std::string& cell : row) text += "| " + markdown_cell(cell) + " ";
    text += "|\n";
    if (!head) continue;
    head = false;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i < first_number_column || i + 1 == row.size() ? "|---" : "|---:";
    }
    text += "|\n";
  }
  const std::vector<std::string> notes = notes_of(of);
  if (!notes.empty()) text += "\n";
  for (const std::string& note : notes) text += "- " + note + "\n";
  return text;
}

json to_json(const comparison& of) {
  json out = {{"job", of.job}, {"planned", of.planned}};
  out["left_out"] = of.left_out;
  json& runs = out["runs"] = json::array();
  for (const compared_run& run : of.runs) {
    json r = {{"protocol", run.protocol}, {"workers", run.workers}};
    r["consistency"] = run.consistency;
    r["compression"] = run.compression;
    r["folder"] = run.folder;
    r["stopped_by"] = run.stopped_by;
    r["failure"] = run.failure.empty() ? json() : json(run.failure);
    r["summary"] = run.summary;
    runs.push_back(std::move(r));
  }
  return out;
}

}  // namespace troupe::cli
