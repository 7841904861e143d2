#include "troupe/cluster/report/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "troupe/cluster/report/markup.hpp"

namespace troupe::page {

namespace {

constexpr std::size_t longest_text = 400;

std::string because(const happening& h) {
  const std::string why = fact(h, "reason");
  return why.empty() ? "" : ": " + why;
}

std::string on_node(const happening& h) {
  const std::string node = fact(h, "node");
  return node.empty() ? "" : " on node " + node;
}

std::string worker(const happening& h, const char* key = "worker") {
  return "Worker " + fact(h, key);
}
std::string server(const happening& h) {
  return "Parameter server " + fact(h, "parameter_server");
}
std::string shard(const happening& h) {
  return "Data shard " + fact(h, "data_shard");
}
std::string node(const happening& h) {
  return "Node " + fact(h, "node");
}

std::string moved(const happening& h) {
  if (h.facts.contains("window_rows")) {
    std::string shares;
    for (const auto& rows : h.facts["window_rows"]) {
      shares += (shares.empty() ? "" : ", ") + rows.dump();
    }
    return "Windows shared out by speed: " + shares + " rows for each worker";
  }
  return fmt::format("{} moved from worker {} to worker {}", counted(amount(h, "rows"), "row"),
                     fact(h, "from"), fact(h, "to"));
}

std::string joined(const happening& h) {
  const double incarnation = amount(h, "incarnation");
  return worker(h) + (incarnation > 1 ? " came back" : " joined") + on_node(h);
}

std::string went_back(const happening& h) {
  const double number = amount(h, "checkpoint");
  std::string out = std::isfinite(number)
                        ? fmt::format("Went back to checkpoint {}", count_text(number))
                        : std::string("Went back to the beginning");
  if (const double rows = amount(h, "rows_lost"); rows > 0) {
    out += fmt::format("; {} to be trained again", counted(rows, "row"));
  }
  if (const double rate = amount(h, "rate"); std::isfinite(rate)) {
    out += fmt::format("; learning rates times {}", number_text(rate));
  }
  return out;
}

struct telling {
  about kind;
  bool trouble;
  std::function<std::string(const happening&)> text;
};

std::string slices(const happening& h) {
  return counted(amount(h, "slices"), "slice");
}

const std::map<std::string, telling>& tellings() {
  using h = const happening&;
  static const std::map<std::string, telling> all = {
      {"started",
       {about::run, false,
        [](h e) {
          return fmt::format("Training started with {} and {}",
                             counted(amount(e, "workers"), "worker"),
                             counted(amount(e, "parameter_servers"), "parameter server"));
        }}},
      {"resumed",
       {about::run, false,
        [](h e) {
          return fmt::format("Went on from checkpoint {}, after {}", fact(e, "checkpoint"),
                             counted(amount(e, "rows"), "row"));
        }}},
      {"warm_start_ended", {about::run, false, [](h) { return "The warm start ended"; }}},
      {"diverged", {about::run, true, [](h e) { return worker(e) + " diverged" + because(e); }}},
      {"failed", {about::run, true, [](h e) { return "The run failed" + because(e); }}},
      {"went_back", {about::run, true, went_back}},
      {"stopped",
       {about::run, false,
        [](h e) {
          return fmt::format("Training ended ({}) after {}", fact(e, "reason"),
                             counted(amount(e, "rows"), "row"));
        }}},
      {"worker_joined", {about::workers, false, joined}},
      {"worker_lost",
       {about::workers, true, [](h e) { return worker(e) + " was lost" + because(e); }}},
      {"worker_suspected", {about::workers, true, [](h e) { return worker(e) + " is silent"; }}},
      {"worker_heard_again",
       {about::workers, false, [](h e) { return worker(e) + " is heard again"; }}},
      {"node_joined",
       {about::nodes, false, [](h e) { return node(e) + " joined from " + fact(e, "host"); }}},
      {"node_left", {about::nodes, false, [](h e) { return node(e) + " left" + because(e); }}},
      {"node_lost", {about::nodes, true, [](h e) { return node(e) + " was lost" + because(e); }}},
      {"node_suspected", {about::nodes, true, [](h e) { return node(e) + " is silent"; }}},
      {"node_heard_again", {about::nodes, false, [](h e) { return node(e) + " is heard again"; }}},
      {"node_refused",
       {about::nodes, true, [](h e) { return node(e) + " was turned away" + because(e); }}},
      {"recast_failed",
       {about::nodes, true,
        [](h e) { return node(e) + " could not take over a part" + because(e); }}},
      {"rows_sent",
       {about::nodes, false, [](h e) { return node(e) + " was sent its rows" + because(e); }}},
      {"parameter_server_joined",
       {about::servers, false, [](h e) { return server(e) + " joined" + on_node(e); }}},
      {"parameter_server_lost",
       {about::servers, true, [](h e) { return server(e) + " was lost" + because(e); }}},
      {"parameter_server_replaced",
       {about::servers, false, [](h e) { return server(e) + " was replaced"; }}},
      {"backups_promoted",
       {about::servers, false, [](h e) { return server(e) + ": backups took over " + slices(e); }}},
      {"backups_filled",
       {about::servers, false, [](h e) { return server(e) + " holds backups of " + slices(e); }}},
      {"data_shard_lost",
       {about::servers, true, [](h e) { return shard(e) + " was lost" + because(e); }}},
      {"data_shard_replaced",
       {about::servers, false, [](h e) { return shard(e) + " was replaced"; }}},
      {"rebalanced", {about::moves, false, moved}},
      {"checkpoint",
       {about::checkpoints, false,
        [](h e) {
          return fmt::format("Checkpoint {} at {}, in {}", fact(e, "file"),
                             counted(amount(e, "rows"), "row"), seconds_text(amount(e, "seconds")));
        }}},
      {"checkpoint_failed",
       {about::checkpoints, true, [](h e) { return "A checkpoint failed" + because(e); }}},
      {"checkpoint_damaged",
       {about::checkpoints, true, [](h e) { return "A checkpoint is damaged" + because(e); }}},
  };
  return all;
}

/// Of an event that the page knows nothing of.
std::string plainly(const happening& h) {
  std::string out = h.name;
  for (const auto& [key, value] : h.facts.items()) {
    out += fmt::format("{}{} {}", out == h.name ? ": " : ", ", key, fact(h, key.c_str()));
  }
  return out;
}

/// Moves and checkpoints in a row, as one.
std::vector<told> summed(const std::vector<happening>& events) {
  std::vector<told> out;
  for (std::size_t i = 0; i < events.size();) {
    told first = tell(events[i]);
    const bool routine =
        !first.trouble && (events[i].name == "rebalanced" || events[i].name == "checkpoint");
    std::size_t end = i + 1;
    double rows = amount(events[i], "rows");
    for (; routine && end < events.size() && events[end].name == events[i].name; ++end) {
      rows += amount(events[end], "rows");
    }
    if (end - i > 1) {
      const bool moves = first.kind == about::moves;
      first.until = events[end - 1].time;
      first.text = counted(static_cast<double>(end - i), moves ? "move" : "checkpoint");
      if (moves && std::isfinite(rows)) first.text += " of " + counted(rows, "row") + " in all";
    }
    out.push_back(std::move(first));
    i = end;
  }
  return out;
}

}  // namespace

const char* word_of(about kind) {
  switch (kind) {
    case about::run:
      return "run";
    case about::workers:
      return "workers";
    case about::nodes:
      return "nodes";
    case about::servers:
      return "servers";
    case about::moves:
      return "moves";
    case about::checkpoints:
      return "checkpoints";
  }
  return "";
}

std::optional<std::uint32_t> index_in(const happening& h, const char* key) {
  const auto found = h.facts.find(key);
  if (found == h.facts.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint32_t>();
}

std::string fact(const happening& h, const char* key) {
  const auto found = h.facts.find(key);
  if (found == h.facts.end() || found->is_null()) return "";
  std::string text = found->is_string()
                         ? found->get<std::string>()
                         : found->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > longest_text) text = text.substr(0, longest_text) + " ...";
  return text;
}

double amount(const happening& h, const char* key) {
  const auto found = h.facts.find(key);
  return found != h.facts.end() && found->is_number() ? found->get<double>() : no_number;
}

told tell(const happening& h) {
  const auto found = tellings().find(h.name);
  if (found == tellings().end()) return {h.time, h.time, about::run, false, plainly(h)};
  const telling& as = found->second;
  // Who leaves a run that is over is not lost.
  return {h.time, h.time, as.kind, as.trouble && !h.after_end, as.text(h)};
}

std::vector<told> tell_all(const std::vector<happening>& events, std::size_t most) {
  std::vector<told> out;
  if (events.size() > most) {
    out = summed(events);
  } else {
    for (const happening& h : events) out.push_back(tell(h));
  }
  if (out.size() <= most) return out;
  const auto cut = out.begin() + static_cast<std::ptrdiff_t>(most / 2);
  const auto rest = out.end() - static_cast<std::ptrdiff_t>(most - most / 2);
  told gap{
      cut->time, std::prev(rest)->time, about::run, false,
      counted(static_cast<double>(rest - cut), "event") + " left out here; events.jsonl has all"};
  const auto at = out.erase(cut, rest);
  out.insert(at, std::move(gap));
  return out;
}

}  // namespace troupe::page
