#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/sections.hpp"
#include "troupe/cluster/report/spread.hpp"

namespace troupe::page {

namespace {

constexpr std::size_t most_boxes = 48, most_bars = 64;
constexpr double rate_steps = 100;

/// Bytes a second in equal steps of time. What a report tells of lies between the worker's last one
/// and this.
std::vector<moment> rates(const run_record& run, double sample::*bytes) {
  const double end = run.seconds();
  if (!(end > 0)) return {};
  const double step = end / rate_steps;
  std::vector<double> sums(static_cast<std::size_t>(rate_steps) + 1);
  std::map<std::uint32_t, double> before;
  bool any = false;
  for (const sample& s : run.samples) {
    const double since = before.count(s.worker) > 0 ? before[s.worker] : 0;
    before[s.worker] = s.time;
    if (!std::isfinite(s.*bytes) || s.time < 0) continue;
    any = true;
    const double from = std::clamp(since, 0.0, s.time);
    const auto first = static_cast<std::size_t>(from / step),
               last = static_cast<std::size_t>(s.time / step);
    for (std::size_t i = first; i <= last && i < sums.size(); ++i) {
      const double begin = std::max(from, static_cast<double>(i) * step);
      const double stop = std::min(s.time, static_cast<double>(i + 1) * step);
      const double share = s.time > from ? (stop - begin) / (s.time - from) : 1;
      sums[i] += std::max(share, 0.0) * s.*bytes;
    }
  }
  std::vector<moment> out;
  // The step behind the end is as good as empty.
  for (std::size_t i = 0; any && i + 1 < sums.size(); ++i) {
    out.push_back({(static_cast<double>(i) + 0.5) * step, 0, sums[i] / step / 1e6});
  }
  return out;
}

std::string bars(const worker_stories& workers) {
  double most = 0;
  for (const auto& [number, w] : workers) {
    for (const double bytes : {w.sent, w.received}) {
      if (std::isfinite(bytes)) most = std::max(most, bytes);
    }
  }
  if (!(most > 0)) return "";
  std::vector<std::vector<cell>> lines;
  for (const auto& [number, w] : workers) {
    if (lines.size() == most_bars) break;
    const auto bar = [&](double bytes) {
      return cell{bytes_text(bytes), true, std::isfinite(bytes) ? bytes / most : -1, -1};
    };
    const double each = w.commits > 0 ? w.sent / w.commits : no_number;
    lines.push_back({{name_of(number), false, -1, static_cast<int>(number % 40)},
                     bar(w.sent),
                     bar(w.received),
                     {bytes_text(each), true, -1, -1}});
  }
  return table("Traffic of each worker", {"worker", "sent", "received", "a commit"}, lines);
}

}  // namespace

part staleness_section(const run_record& run, const worker_stories& workers) {
  std::vector<double> all;
  for (const sample& s : run.samples) all.push_back(s.staleness);
  std::string out = histogram_figure(
      "How stale commits were",
      "Staleness: the commits by others since the version a worker started from. Counted are the "
      "reports of workers, each with the mean of its windows.",
      "staleness", "report", histogram_of(all));
  std::vector<box> boxes;
  for (const auto& [number, w] : workers) {
    if (boxes.size() == most_boxes) break;
    boxes.push_back({name_of(number), number, quartiles_of(w.stalenesses)});
  }
  std::string note =
      "A line from the least to the most of its reports, a box around the middle "
      "half, a stroke at the median.";
  if (workers.size() > boxes.size()) {
    note += fmt::format(" The first {} workers.", boxes.size());
  }
  out += boxes_figure("Staleness of each worker", note, boxes);
  if (out.empty()) return {};
  return {"staleness", "Staleness", "<div class=\"figures\">\n" + out + "</div>\n"};
}

part traffic_section(const run_record& run, const worker_stories& workers) {
  double sent = run.number("bytes_sent"), received = run.number("bytes_received");
  std::string figures;
  chart c;
  c.title = "Traffic of all workers";
  c.note =
      "Payloads as encoded, MB a second. Sent: commits, to the parameter servers. Received: "
      "their answers.";
  c.value_name = "MB a second";
  c.over_rows = false;
  c.from_zero = true;
  c.end = run.seconds();
  // Received is dashed: without compression the two are the same, and one would hide the other.
  c.all = {{"sent", 0, series::drawn::line, rates(run, &sample::sent)},
           {"received", 9, series::drawn::line, rates(run, &sample::received)}};
  figures += figure_of(c);
  if (!std::isfinite(sent)) {
    for (const auto& [number, w] : workers) {
      if (std::isfinite(w.sent)) sent = (std::isfinite(sent) ? sent : 0) + w.sent;
      if (std::isfinite(w.received))
        received = (std::isfinite(received) ? received : 0) + w.received;
    }
  }
  if (!std::isfinite(sent) && !std::isfinite(received)) return {};
  const double commits = run.number("commits");
  std::string out =
      fmt::format("<p>Workers sent {} and received {}", bytes_text(sent), bytes_text(received));
  if (commits > 0) {
    out += fmt::format(" in {}, {} each way a commit", counted(commits, "commit"),
                       bytes_text((sent + received) / 2 / commits));
  }
  out += ".</p>\n<div class=\"figures\">\n" + figures + bars(workers) + "</div>\n";
  return {"traffic", "Traffic", out};
}

}  // namespace troupe::page
