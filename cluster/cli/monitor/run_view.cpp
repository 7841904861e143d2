#include "run_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "../status_reading.hpp"
#include "../text.hpp"

namespace troupe::cli {

namespace {

using json = nlohmann::ordered_json;

look look_of_event(const std::string& name) {
  static const std::set<std::string> bad = {"diverged",
                                            "failed",
                                            "worker_lost",
                                            "node_lost",
                                            "parameter_server_lost",
                                            "data_shard_lost",
                                            "checkpoint_failed",
                                            "recast_failed"};
  static const std::set<std::string> odd = {"rebalanced",   "worker_suspected",   "went_back",
                                            "node_refused", "checkpoint_damaged", "paused"};
  if (bad.count(name) > 0) return look::bad;
  return odd.count(name) > 0 ? look::warning : look::plain;
}

std::string number_list(const json& list) {
  std::string out;
  for (const json& one : list) out += (out.empty() ? "" : ", ") + value_text(one);
  return out;
}

/// "40 rows of epoch 2, of worker 1 for worker 0", or what each worker's windows are from now on.
std::string moved_text(const json& event) {
  if (const json& shares = at(event, "window_rows"); shares.is_array()) {
    std::string out;
    for (const json& share : shares) out += (out.empty() ? "" : ", ") + text(share, "rows");
    return "rows a window, by worker: " + out;
  }
  const json& to = at(event, "to");
  const bool several = to.is_array() && to.size() > 1;
  return fmt::format("{} rows of epoch {}: worker {} -> worker{} {}", text(event, "rows"),
                     text(event, "epoch"), text(event, "from"), several ? "s" : "",
                     to.is_array() ? number_list(to) : value_text(to));
}

std::string facts_text(const json& event) {
  if (word(event, "event") == "rebalanced") return moved_text(event);
  std::vector<std::string> facts;
  for (const auto& [key, value] : event.items()) {
    if (key != "time" && key != "event") facts.push_back(key + " " + value_text(value));
  }
  return fmt::format("{}", fmt::join(facts, ", "));
}

std::string evaluation_text(const json& last) {
  if (!last.is_object()) return {};
  std::string out = fmt::format("{} loss {}", word(last, "part"), text(last, "loss", 4));
  if (number(last, "accuracy")) out += ", accuracy " + text(last, "accuracy", 4);
  return out + fmt::format(" at {} rows", text(last, "rows"));
}

std::vector<std::pair<double, double>> curve(const json& history, const char* key) {
  std::vector<std::pair<double, double>> out;
  const json &time = at(history, "time"), &values = at(history, key);
  if (!time.is_array() || !values.is_array()) return out;
  for (std::size_t i = 0; i < std::min(time.size(), values.size()); ++i) {
    if (!time[i].is_number() || !values[i].is_number()) continue;
    out.emplace_back(time[i].get<double>(), values[i].get<double>());
  }
  return out;
}

worker_row worker_of(const json& w, const remark& wrong, std::optional<double> median,
                     double all_rows) {
  worker_row out;
  out.number = static_cast<int>(number(w, "worker").value_or(0));
  out.node = word(w, "node");
  out.state = word(w, "state");
  out.rate = number(w, "samples_per_second");
  out.remark = wrong.phrase;
  if (wrong.word == "slow") out.state = fmt::format("slow {:.2f}", *out.rate / *median);
  if (wrong.word == "quiet") out.state = "quiet";
  const double incarnation = number(w, "incarnation").value_or(1);
  if (incarnation > 1 && wrong.word.empty()) out.state += fmt::format(" ({:.0f}.)", incarnation);
  if (!wrong.word.empty()) out.style = look::bad;
  if (out.state == "absent" || out.state == "joining") out.style = look::dim;
  const auto rows = number(w, "rows");
  if (rows && all_rows > 0) out.share = *rows / all_rows;
  out.staleness = number(w, "staleness");
  out.behind = number(w, "windows_behind");
  out.given = number(w, "rows_moved_in");
  out.taken = number(w, "rows_moved_out");
  out.loss = number(w, "loss");
  out.window = number(w, "window_rows");
  out.heard = number(w, "seconds_since_report");
  out.leased = number(w, "rows_leased");
  return out;
}

}  // namespace

void run_watch::take_status(const json& status, double now) {
  view_.tied = tie::live;
  view_.notice.clear();
  sample next;
  next.now = now;
  next.seconds = number(status, "seconds").value_or(0);
  next.rows = number(status, "rows").value_or(0);
  for (const json& server : at(status, "parameter_servers")) {
    const json& slices = at(server, "slices");
    next.servers.push_back({!slices.empty(), sum_of(slices, "commits"),
                            sum_of(slices, "bytes_received"), sum_of(slices, "bytes_sent")});
  }
  // A run that went back, or another cast, makes no rates with what was before.
  const bool breaks = !samples_.empty() && (next.rows < samples_.back().rows ||
                                            next.servers.size() != samples_.back().servers.size());
  if (breaks) samples_.clear();
  samples_.push_back(std::move(next));
  while (samples_.size() > 2 && samples_[1].now <= now - rate_seconds) samples_.pop_front();
  take_run(status);
  take_curves(at(status, "history"));
  take_workers(status);
  // Servers that have played their part say nothing; what they said last stands.
  if (view_.state != "done" || view_.servers.empty()) take_servers(status, now);
  view_.nodes.clear();
  const json& nodes = at(status, "nodes");
  if (!nodes.is_array() || nodes.empty() || !nodes.front().is_object()) return;
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [key, value] : nodes.front().items()) rows.front().push_back(key);
  for (const json& node : nodes) {
    rows.emplace_back();
    for (const std::string& key : rows.front()) {
      rows.back().push_back(value_text(troupe::cli::at(node, key.c_str())));
    }
  }
  view_.nodes = split(aligned(rows, rows.front().size()), '\n');
  while (!view_.nodes.empty() && view_.nodes.back().empty()) view_.nodes.pop_back();
}

void run_watch::take_run(const json& status) {
  view_.name = word(status, "name");
  view_.optimizer = optimizer_text(status);
  view_.state = word(status, "state");
  view_.seconds = number(status, "seconds");
  view_.epoch = number(status, "epoch");
  view_.epochs = number(status, "epochs");
  view_.rows = number(status, "rows");
  view_.total = number(status, "total_rows");
  view_.commits = number(status, "commits");
  view_.staleness = number(status, "mean_staleness");
  view_.bytes = number(status, "bytes_sent");
  view_.loss = number(status, "loss");
  view_.accuracy = number(status, "accuracy");
  view_.evaluation = evaluation_text(at(status, "evaluation"));
  const sample &first = samples_.front(), &last = samples_.back();
  const double took = last.seconds - first.seconds;
  view_.rate = took >= 1 ? (last.rows - first.rows) / took : number(status, "samples_per_second");
  view_.left.reset();
  const bool moves = view_.rate && *view_.rate > 0 && view_.rows && view_.total;
  if (view_.state == "training" && moves) view_.left = (*view_.total - *view_.rows) / *view_.rate;
}

void run_watch::take_curves(const json& history) {
  view_.losses = curve(history, "loss");
  view_.accuracies = curve(history, "accuracy");
}

void run_watch::take_workers(const json& status) {
  const json& workers = at(status, "workers");
  const bool training = view_.state == "training";
  const auto median = median_speed(workers);
  const double rows = sum_of(workers, "rows");
  view_.workers.clear();
  view_.troubled = 0;
  for (const json& w : workers) {
    const remark wrong = remark_on(w, median, training);
    if (!wrong.word.empty()) ++view_.troubled;
    view_.workers.push_back(worker_of(w, wrong, median, rows));
  }
}

void run_watch::take_servers(const json& status, double now) {
  const sample &first = samples_.front(), &last = samples_.back();
  const double took = now - first.now;
  view_.servers.clear();
  for (const json& server : at(status, "parameter_servers")) {
    const std::size_t i = view_.servers.size();
    const json& slices = at(server, "slices");
    server_row out;
    out.number = static_cast<int>(number(server, "parameter_server").value_or(0));
    out.node = word(server, "node");
    out.state = word(server, "state");
    if (out.state == "silent") out.style = look::bad;
    out.slices = slices.size();
    for (const json& slice : slices) out.backups += at(slice, "backups").size();
    out.version = extremes(slices, "version");
    out.queue = number(server, "queue");
    const sample::traffic &from = first.servers[i], &to = last.servers[i];
    const bool grew = to.in >= from.in && to.out >= from.out && to.commits >= from.commits;
    if (from.known && to.known && grew && took >= 0.5) {
      out.commits = (to.commits - from.commits) / took / static_cast<double>(slices.size());
      out.bytes_in = (to.in - from.in) / took;
      out.bytes_out = (to.out - from.out) / took;
    }
    if (!slices.empty()) out.received = to.in;
    if (!slices.empty()) out.sent = to.out;
    view_.servers.push_back(std::move(out));
  }
}

/// Rows are often moved a few at a time: what one worker gives in one epoch is one line.
bool run_watch::joins_last(const json& event) {
  if (!moved_.is_object() || !event.contains("from") || !at(event, "rows").is_number())
    return false;
  for (const char* key : {"from", "epoch"}) {
    if (at(moved_, key) != at(event, key)) return false;
  }
  moved_["rows"] = sum_of(json::array({moved_, event}), "rows");
  json& to = moved_["to"];
  if (std::find(to.begin(), to.end(), at(event, "to")) == to.end()) to.push_back(at(event, "to"));
  std::sort(to.begin(), to.end());
  return true;
}

void run_watch::take_event(const std::string& line) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object()) return;
  event_row row;
  row.time = number(event, "time").value_or(0);
  row.name = word(event, "event");
  row.style = look_of_event(row.name);
  if (row.name == "stopped") stopped_by_ = word(event, "reason");
  if (row.name == "started" || row.name == "resumed") stopped_by_.clear();  // it goes on
  if (row.name == "rebalanced" && joins_last(event)) {
    row.facts = moved_text(moved_);
    view_.events.pop_back();
  } else {
    row.facts = facts_text(event);
    moved_ = nullptr;
    if (row.name == "rebalanced" && event.contains("from")) {
      moved_ = event;
      moved_["to"] = json::array({at(event, "to")});
    }
  }
  view_.events.push_back(std::move(row));
  if (view_.events.size() > most_events) view_.events.pop_front();
}

void run_watch::lost(const std::string& why) {
  view_.tied = tie::lost;
  view_.notice = why;
}

void run_watch::over(const std::string& how, bool well) {
  view_.tied = well ? tie::over : tie::failed;
  view_.notice = how;
}

}  // namespace troupe::cli
