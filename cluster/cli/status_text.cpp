#include "status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "status_reading.hpp"
#include "text.hpp"

namespace troupe::cli {

namespace {

using json = nlohmann::ordered_json;
using row = std::vector<std::string>;

std::string megabytes(std::optional<double> bytes) {
  return text(bytes ? std::optional(*bytes / 1e6) : std::nullopt, 1);
}

std::string run_text(const json& status) {
  const auto rows = number(status, "rows"), total = number(status, "total_rows");
  std::string out = fmt::format("{}: {}", word(status, "name"), word(status, "state"));
  out += fmt::format(", epoch {} of {}", text(status, "epoch"), text(status, "epochs"));
  out += fmt::format(", {} of {} rows", text(rows), text(total));
  const auto rate = number(status, "samples_per_second");
  if (rows && total && *total > 0) out += fmt::format(" ({:.0f} %)", 100 * *rows / *total);
  if (rows && total && rate && *rate > 0 && word(status, "state") == "training") {
    out += fmt::format(", {} left", span_text((*total - *rows) / *rate));
  }
  out += fmt::format("\n{}: {} s, {} rows/s, {} commits, mean staleness {}", optimizer_text(status),
                     text(status, "seconds", 1), text(rate), text(status, "commits"),
                     text(status, "mean_staleness", 2));
  out += fmt::format("\nlast windows: loss {}, accuracy {}\n", text(status, "loss", 4),
                     text(status, "accuracy", 4));
  return out;
}

/// A table with remarks behind some of its lines; `remarks` lacks the head's.
std::string with_remarks(const std::string& table, const std::vector<std::string>& remarks,
                         bool bold) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t line = 0; begin < table.size(); ++line) {
    const std::size_t end = table.find('\n', begin);
    out += table.substr(begin, end - begin);
    if (line > 0 && !remarks[line - 1].empty()) {
      out += bold ? "  \033[1;31m<- " + remarks[line - 1] + "\033[0m" : "  <- " + remarks[line - 1];
    }
    out += '\n';
    begin = end + 1;
  }
  return out;
}

/// Workers that do not keep up are named above the table, too: it may be long.
std::string workers_text(const json& workers, bool training, bool bold) {
  const bool nodes = has_nodes(workers);
  const auto median = median_speed(workers);
  std::vector<row> rows = {
      {"worker", "state", "rows", "mini-batches", "rows/s", "staleness", "leased", "reported"}};
  if (nodes) rows.front().insert(rows.front().begin() + 1, "node");
  std::vector<std::string> remarks, named;
  for (const json& w : workers) {
    std::string state = word(w, "state");
    const auto incarnation = number(w, "incarnation");
    if (incarnation && *incarnation > 1) state += fmt::format(" ({}.)", text(incarnation));
    const auto since = number(w, "seconds_since_report");
    rows.push_back({text(w, "worker"), state, text(w, "rows"), text(w, "mini_batches"),
                    text(w, "samples_per_second"), text(w, "staleness", 2), text(w, "rows_leased"),
                    since ? text(since, 1) + " s ago" : "-"});
    if (nodes) rows.back().insert(rows.back().begin() + 1, word(w, "node"));
    remarks.push_back(remark_on(w, median, training).phrase);
    if (!remarks.back().empty()) named.push_back(text(w, "worker"));
  }
  std::string out;
  if (!named.empty() && named.size() < workers.size()) {
    out = fmt::format("not keeping up: {} {} of {}\n", named.size() == 1 ? "worker" : "workers",
                      fmt::join(named, ", "), workers.size());
  }
  return out + "\n" + with_remarks(aligned(rows, nodes ? 3 : 2), remarks, bold);
}

std::string servers_text(const json& servers, bool each_slice) {
  const bool nodes = has_nodes(servers);
  std::vector<row> rows = {{"server", "state", each_slice ? "slice" : "slices", "version",
                            "commits", "MB received", "MB sent"}};
  if (nodes) rows.front().insert(rows.front().begin() + 1, "node");
  for (const json& server : servers) {
    const json& slices = at(server, "slices");
    const auto add = [&](row cells) {
      cells.insert(cells.begin(), {text(server, "parameter_server"), word(server, "state")});
      if (nodes) cells.insert(cells.begin() + 1, word(server, "node"));
      rows.push_back(std::move(cells));
    };
    if (!each_slice || slices.empty()) {
      add({each_slice ? "-" : fmt::format("{}", slices.size()), extremes(slices, "version"),
           extremes(slices, "commits"), megabytes(sum_of(slices, "bytes_received")),
           megabytes(sum_of(slices, "bytes_sent"))});
      continue;
    }
    for (const json& slice : slices) {
      add({text(slice, "slice"), text(slice, "version"), text(slice, "commits"),
           megabytes(number(slice, "bytes_received")), megabytes(number(slice, "bytes_sent"))});
    }
  }
  return "\n" + aligned(rows, nodes ? 3 : 2);
}

/// Whatever is known of them: a column for each key of the first one.
std::string nodes_text(const json& nodes) {
  if (!nodes.is_array() || nodes.empty() || !nodes.front().is_object()) return {};
  std::vector<row> rows(1);
  for (const auto& [key, value] : nodes.front().items()) rows.front().push_back(key);
  for (const json& node : nodes) {
    rows.emplace_back();
    for (const auto& [key, value] : nodes.front().items()) {
      rows.back().push_back(value_text(at(node, key.c_str())));
    }
  }
  return "\n" + aligned(rows, rows.front().size());
}

}  // namespace

std::string status_text(const json& status, bool slices, bool bold) {
  std::string out = run_text(status);
  const bool training = word(status, "state") == "training";
  const json& workers = at(status, "workers");
  const json& servers = at(status, "parameter_servers");
  if (!workers.empty()) out += workers_text(workers, training, bold);
  if (!servers.empty()) out += servers_text(servers, slices);
  return out + nodes_text(at(status, "nodes"));
}

std::string event_text(const json& event) {
  std::string out = fmt::format("{:>9} s  {}", text(event, "time", 2), word(event, "event"));
  std::vector<std::string> facts;
  for (const auto& [key, value] : event.items()) {
    if (key != "time" && key != "event") facts.push_back(key + " " + value_text(value));
  }
  if (facts.empty()) return out;
  return fmt::format("{:<32}  {}", out, fmt::join(facts, ", "));
}

}  // namespace troupe::cli
