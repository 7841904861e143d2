#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/sections.hpp"
#include "troupe/cluster/report/story.hpp"

namespace troupe::page {

namespace {

constexpr std::size_t most_lines = 16, most_slow = 6, most_rows = 512;
constexpr double move_steps = 60;  // of the time axis: moves in one of them share a sign

double median_speed(const worker_story& w) {
  std::vector<double> speeds;
  for (const moment& m : w.speeds) {
    if (std::isfinite(m.value)) speeds.push_back(m.value);
  }
  if (speeds.empty()) return no_number;
  const auto middle = speeds.begin() + static_cast<std::ptrdiff_t>(speeds.size() / 2);
  std::nth_element(speeds.begin(), middle, speeds.end());
  return *middle;
}

/// The speed that a worker last reported before `time`, or first reported.
double speed_at(const worker_story& w, double time) {
  double speed = no_number;
  for (const moment& m : w.speeds) {
    if (m.time > time && std::isfinite(speed)) break;
    speed = m.value;
  }
  return speed;
}

/// The moves of the supervisor, at the lines of those they were from and to.
class move_signs {
 public:
  move_signs(const run_record& run, const worker_stories& workers)
      : workers_(workers), step_(std::max(run.seconds(), 1e-9) / move_steps) {
    for (const happening& h : run.events) {
      if (h.name == "rebalanced") take(h);
      if (h.name == "worker_lost") {
        if (const auto worker = index_in(h, "worker")) add(h.time, *worker, 'x', tell(h).text);
      }
    }
  }

  std::vector<sign> of(const std::vector<std::uint32_t>& shown) const {
    std::vector<sign> out = windows_;
    for (const auto& [key, at] : signs_) {
      if (std::find(shown.begin(), shown.end(), at.worker) == shown.end()) continue;
      sign s = at.shown;
      if (at.count > 1) s.text = fmt::format("{} moves: {}", at.count, at.texts);
      out.push_back(std::move(s));
    }
    return out;
  }

 private:
  struct several {
    std::uint32_t worker = 0;
    sign shown;
    std::size_t count = 0;
    std::string texts;
  };

  void take(const happening& h) {
    const auto from = index_in(h, "from"), to = index_in(h, "to");
    const std::string text = tell(h).text;
    if (from && to) {
      add(h.time, *from, 'v', text);
      add(h.time, *to, '^', text);
    } else if (windows_.empty() || h.time - windows_.back().time > step_) {
      windows_.push_back({h.time, no_number, '|', 7, seconds_text(h.time) + ": " + text});
    }
  }

  void add(double time, std::uint32_t worker, char shape, const std::string& text) {
    const auto known = workers_.find(worker);
    if (known == workers_.end()) return;
    several& at = signs_[{worker, {shape, std::floor(time / step_)}}];
    const std::string line = seconds_text(time) + ": " + text;
    if (at.count++ == 0) {
      at.worker = worker;
      at.shown = {time, speed_at(known->second, time), shape, worker, line};
    }
    // The first few say enough of many.
    if (at.count <= 5) at.texts += (at.texts.empty() ? "" : "; ") + line;
    if (at.count == 6) at.texts += " ...";
  }

  const worker_stories& workers_;
  const double step_;
  std::map<std::pair<std::uint32_t, std::pair<char, double>>, several> signs_;
  std::vector<sign> windows_;
};

chart speeds_of(const run_record& run, const worker_stories& workers) {
  chart c;
  c.title = "Rows a second of each worker";
  c.value_name = "rows a second";
  c.from_zero = true;
  c.over_rows = false;
  c.width = 1000;
  c.end = run.seconds();
  std::vector<std::uint32_t> shown;
  for (const auto& [number, w] : workers) {
    if (!w.speeds.empty()) shown.push_back(number);
  }
  c.note =
      "Triangles: rows that the supervisor took from a worker (down) and gave to one (up). "
      "Crosses: it was lost. Dotted lines: windows were shared out by speed.";
  if (shown.size() > most_lines) {
    series all{fmt::format("all {} workers", shown.size()), 7, series::drawn::mean, {}};
    for (const sample& s : run.samples) all.moments.push_back({s.time, s.rows, s.speed});
    c.all.push_back(std::move(all));
    std::stable_sort(shown.begin(), shown.end(), [&](std::uint32_t a, std::uint32_t b) {
      const double first = median_speed(workers.at(a)), second = median_speed(workers.at(b));
      if (!std::isfinite(first)) return false;
      return !std::isfinite(second) || first < second;
    });
    shown.resize(most_slow);
    c.note = fmt::format(
        "The mean of all, in a band from the slowest to the fastest, and the {} "
        "slowest. {}",
        most_slow, c.note);
  }
  for (const std::uint32_t number : shown) {
    c.all.push_back({name_of(number), number, series::drawn::line, workers.at(number).speeds});
  }
  c.signs = move_signs(run, workers).of(shown);
  return c;
}

cell numeric(const std::string& text) {
  return {text, true, -1, -1};
}

std::string worker_table(const worker_stories& workers) {
  double rows = 0;
  bool nodes = false, moved = false, bytes = false, lost = false;
  for (const auto& [number, w] : workers) {
    if (std::isfinite(w.rows)) rows += w.rows;
    nodes = nodes || !w.node.empty();
    moved = moved || w.rows_given + w.rows_taken > 0;
    bytes = bytes || std::isfinite(w.sent);
    lost = lost || w.lost > 0;
  }
  std::vector<std::string> heads = {"worker"};
  if (nodes) heads.emplace_back("node");
  for (const char* head :
       {"rows", "share", "mini-batches", "commits", "busy", "rows/s", "staleness"}) {
    heads.emplace_back(head);
  }
  if (bytes) heads.insert(heads.end(), {"sent", "received"});
  if (moved) heads.insert(heads.end(), {"rows taken from it", "rows given to it"});
  if (lost) heads.emplace_back("lost");
  std::vector<std::vector<cell>> lines;
  for (const auto& [number, w] : workers) {
    if (lines.size() == most_rows) break;
    std::vector<cell> line = {{name_of(number), false, -1, static_cast<int>(number % 40)}};
    if (nodes) line.push_back({w.node.empty() ? "-" : w.node, false, -1, -1});
    const double share = rows > 0 && std::isfinite(w.rows) ? w.rows / rows : -1;
    const double speed = w.seconds > 0 ? w.rows / w.seconds : median_speed(w);
    line.push_back(numeric(count_text(w.rows)));
    line.push_back({share < 0 ? "-" : fmt::format("{:.1f} %", 100 * share), true, share, -1});
    line.push_back(numeric(count_text(w.mini_batches)));
    line.push_back(numeric(count_text(w.commits)));
    line.push_back(numeric(seconds_text(w.seconds)));
    line.push_back(numeric(count_text(speed)));
    line.push_back(numeric(std::isfinite(w.staleness) ? fmt::format("{:.2f}", w.staleness) : "-"));
    if (bytes) {
      line.push_back(numeric(bytes_text(w.sent)));
      line.push_back(numeric(bytes_text(w.received)));
    }
    if (moved) {
      line.push_back(numeric(count_text(w.rows_given)));
      line.push_back(numeric(count_text(w.rows_taken)));
    }
    if (lost) line.push_back(numeric(w.lost == 0 ? "-" : counted(w.lost, "time")));
    lines.push_back(std::move(line));
  }
  std::string out = table("What each worker did", heads, lines);
  if (workers.size() > lines.size()) {
    out += fmt::format("<p class=\"note\">{} more workers are not in this table.</p>\n",
                       count_text(static_cast<double>(workers.size() - lines.size())));
  }
  return out;
}

}  // namespace

part workers_section(const run_record& run, const worker_stories& workers) {
  if (workers.empty()) return {};
  std::string out = figure_of(speeds_of(run, workers)) + worker_table(workers);
  if (!run.summary.is_object()) {
    out +=
        "<p class=\"note\">Without a summary, rows are counted from the reports of the "
        "workers.</p>\n";
  }
  return {"workers", "Workers", out};
}

}  // namespace troupe::page
