#include "troupe/cluster/report/worker_story.hpp"

#include <fmt/format.h>

#include <cmath>

#include "troupe/cluster/report/story.hpp"

namespace troupe::page {

namespace {

void add(double& sum, double value) {
  if (std::isfinite(value)) sum = (std::isfinite(sum) ? sum : 0) + value;
}

void from_history(const run_record& run, worker_stories& out) {
  std::map<std::uint32_t, double> before;
  for (const sample& s : run.samples) {
    worker_story& w = out[s.worker];
    w.speeds.push_back({s.time, s.rows, s.speed});
    w.stalenesses.push_back(s.staleness);
    // A report's speed is over the time since the worker's last one.
    const double since = before.count(s.worker) > 0 ? before[s.worker] : 0;
    if (s.time >= since) add(w.rows, s.speed * (s.time - since));
    before[s.worker] = s.time;
    add(w.sent, s.sent);
    add(w.received, s.received);
  }
  for (auto& [worker, w] : out) {
    if (!w.stalenesses.empty()) {
      double sum = 0, count = 0;
      for (const double s : w.stalenesses) {
        if (!std::isfinite(s)) continue;
        sum += s;
        ++count;
      }
      if (count > 0) w.staleness = sum / count;
    }
    w.rows = std::round(w.rows);
  }
}

void from_events(const run_record& run, worker_stories& out) {
  for (const happening& h : run.events) {
    if (h.name == "worker_joined" || h.name == "worker_lost") {
      const auto worker = index_in(h, "worker");
      if (!worker) continue;
      worker_story& w = out[*worker];
      if (h.name == "worker_lost") ++w.lost;
      if (h.name == "worker_joined") w.node = fact(h, "node");
    } else if (h.name == "rebalanced") {
      const auto from = index_in(h, "from"), to = index_in(h, "to");
      const double rows = amount(h, "rows");
      if (!from || !to || !std::isfinite(rows)) continue;
      out[*from].rows_given += rows;
      out[*to].rows_taken += rows;
    }
  }
}

void from_summary(const run_record& run, worker_stories& out) {
  if (!run.summary.is_object() || !run.summary.contains("per_worker")) return;
  for (const auto& line : run.summary["per_worker"]) {
    if (!line.is_object()) continue;
    const happening facts{0, "", line};
    const auto worker = index_in(facts, "worker");
    if (!worker) continue;
    worker_story& w = out[*worker];
    const auto take = [&](const char* key, double& to) {
      if (const double value = amount(facts, key); std::isfinite(value)) to = value;
    };
    take("rows", w.rows);
    take("mini_batches", w.mini_batches);
    take("commits", w.commits);
    take("seconds", w.seconds);
    take("bytes_sent", w.sent);
    take("bytes_received", w.received);
    take("mean_staleness", w.staleness);
  }
}

}  // namespace

worker_stories stories_of(const run_record& run) {
  worker_stories out;
  from_history(run, out);
  from_events(run, out);
  from_summary(run, out);
  return out;
}

std::string name_of(std::uint32_t worker) {
  return fmt::format("worker {}", worker);
}

}  // namespace troupe::page
