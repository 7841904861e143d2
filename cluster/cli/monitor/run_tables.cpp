#include "run_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace troupe::cli {

namespace {

constexpr int most_node_columns = 12, bar_columns = 12;

/// What is not known comes first.
template <class Row, class Member>
auto by(Member member) {
  return [member](const Row& a, const Row& b) { return a.*member < b.*member; };
}

template <class Row>
auto shown(std::optional<double> Row::*member, int digits = 0) {
  return [member, digits](const Row& row) -> std::string {
    const auto& value = row.*member;
    if (!value) return "-";
    return digits > 0 ? fmt::format("{:.{}f}", *value, digits) : short_number(*value);
  };
}

template <class Row>
auto megabytes(std::optional<double> Row::*member) {
  return [member](const Row& row) -> std::string {
    const auto& value = row.*member;
    return value ? fmt::format("{:.{}f}", *value / 1e6, *value < 1e9 ? 1 : 0) : "-";
  };
}

template <class Row>
int node_columns(const std::vector<Row>& rows) {
  int most = 0;
  for (const Row& row : rows) {
    if (row.node != "-") most = std::max(most, columns_of(row.node));
  }
  return most == 0 ? 0 : std::clamp(most, 4, most_node_columns);
}

template <class Row>
int state_columns(const std::vector<Row>& rows, int least) {
  for (const Row& row : rows) least = std::max(least, columns_of(row.state));
  return std::min(least, 12);
}

/// As long as this worker's speed is to the fastest one's.
std::string speed_bar(const worker_row& row, double fastest, bool unicode) {
  if (!row.rate || fastest <= 0) return {};
  const double part = std::clamp(*row.rate / fastest, 0.0, 1.0) * bar_columns;
  const int full = static_cast<int>(part);
  std::string out;
  for (int i = 0; i < full; ++i) out += unicode ? "█" : "#";
  const int eighths = static_cast<int>((part - full) * 8);
  if (unicode && eighths > 0) append_utf8(out, 0x2590 - static_cast<char32_t>(eighths));
  return out;
}

}  // namespace

std::string short_number(double value) {
  const double size = std::abs(value);
  if (!std::isfinite(value)) return "-";
  if (size < 99999.5) return fmt::format("{:.0f}", value);
  if (size < 999.5e3) return fmt::format("{:.0f}k", value / 1e3);
  for (const auto& [unit, letter] : {std::pair(1e6, 'M'), std::pair(1e9, 'G')}) {
    if (size < 99.95 * unit) return fmt::format("{:.1f}{}", value / unit, letter);
    if (size < 999.5 * unit) return fmt::format("{:.0f}{}", value / unit, letter);
  }
  return fmt::format("{:.0e}", value);
}

std::vector<column<worker_row>> worker_columns(const run_view& of, int width, bool unicode) {
  using row = worker_row;
  std::vector<column<row>> out;
  const auto add = [&](const char* head, int columns, int rank, auto text, auto before) {
    out.push_back({head, columns, true, rank, text, before});
  };
  double fastest = 0;
  // Work is moved by rows, or by the size of windows.
  bool by_rows = false, by_windows = false;
  for (const row& w : of.workers) {
    fastest = std::max(fastest, w.rate.value_or(0));
    by_rows = by_rows || w.given.value_or(0) > 0 || w.taken.value_or(0) > 0;
    by_windows = by_windows || w.window != of.workers.front().window;
  }
  const int moved_rank = by_windows && !by_rows ? 8 : 2;
  add(
      "worker", 7, 0, [](const row& w) { return fmt::format("{}", w.number); },
      by<row>(&row::number));
  if (const int columns = node_columns(of.workers)) {
    add(
        "node", columns + 1, 1, [](const row& w) { return w.node; }, by<row>(&row::node));
    out.back().number = false;
  }
  add(
      "state", state_columns(of.workers, 9), 0, [](const row& w) { return w.state; },
      by<row>(&row::state));
  out.back().number = false;
  add("rows/s", 7, 0, shown(&row::rate), by<row>(&row::rate));
  out.push_back({"", bar_columns, false, 10,
                 [fastest, unicode](const row& w) { return speed_bar(w, fastest, unicode); },
                 nullptr});
  add(
      "share", 6, 1,
      [](const row& w) { return w.share ? fmt::format("{:.0f} %", 100 * *w.share) : "-"; },
      by<row>(&row::share));
  add("stale", 6, 4, shown(&row::staleness, 1), by<row>(&row::staleness));
  add("lag", 5, 3, shown(&row::behind), by<row>(&row::behind));
  add("given", 6, moved_rank, shown(&row::given), by<row>(&row::given));
  add("taken", 6, moved_rank, shown(&row::taken), by<row>(&row::taken));
  add("loss", 7, 5, shown(&row::loss, 4), by<row>(&row::loss));
  add(
      "heard", 6, 7, [](const row& w) { return w.heard ? fmt::format("{:.1f} s", *w.heard) : "-"; },
      by<row>(&row::heard));
  add("window", 7, by_windows ? 1 : 8, shown(&row::window), by<row>(&row::window));
  add("leased", 7, 9, shown(&row::leased), by<row>(&row::leased));
  fit(out, width);
  return out;
}

std::vector<column<server_row>> server_columns(const run_view& of, int width) {
  using row = server_row;
  std::vector<column<row>> out;
  const auto add = [&](const char* head, int columns, int rank, auto text) {
    out.push_back({head, columns, true, rank, text, nullptr});
  };
  int versions = 9;
  bool backups = false;
  for (const row& s : of.servers) {
    versions = std::max(versions, columns_of(s.version));
    backups = backups || s.backups > 0;
  }
  add("server", 7, 0, [](const row& s) { return fmt::format("{}", s.number); });
  if (const int columns = node_columns(of.servers)) {
    add("node", columns + 1, 1, [](const row& s) { return s.node; });
    out.back().number = false;
  }
  add("state", 9, 0, [](const row& s) { return s.state; });
  out.back().number = false;
  add("slices", 6, 2, [](const row& s) { return fmt::format("{}", s.slices); });
  add("version", std::min(versions, 21), 1, [](const row& s) { return s.version; });
  add("commits/s", 9, 5, shown(&row::commits, 1));
  add("MB/s in", 7, 0, megabytes(&row::bytes_in));
  add("MB/s out", 8, 0, megabytes(&row::bytes_out));
  add("queue", 5, 4, shown(&row::queue));
  if (backups) add("backups", 7, 6, [](const row& s) { return fmt::format("{}", s.backups); });
  add("MB in", 8, 7, megabytes(&row::received));
  add("MB out", 8, 7, megabytes(&row::sent));
  fit(out, width);
  return out;
}

std::vector<std::string> sortable(const std::vector<column<worker_row>>& columns) {
  std::vector<std::string> out;
  for (const auto& c : columns) {
    if (c.before) out.push_back(c.head);
  }
  return out;
}

std::vector<worker_row> sorted(const run_view& of, const std::vector<column<worker_row>>& columns,
                               const std::string& head, bool reversed) {
  std::vector<worker_row> out = of.workers;
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const auto& c) { return c.head == head && c.before; });
  const auto& before = found == columns.end() ? columns.front().before : found->before;
  std::stable_sort(out.begin(), out.end(), [&](const worker_row& a, const worker_row& b) {
    return reversed ? before(b, a) : before(a, b);
  });
  return out;
}

}  // namespace troupe::cli
