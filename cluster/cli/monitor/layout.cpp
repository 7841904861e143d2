#include "layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../status_reading.hpp"
#include "../text.hpp"
#include "run_tables.hpp"

namespace troupe::cli {

namespace {

constexpr int wide_screen = 130, most_table_columns = 104, least_event_columns = 54;
/// Of the most to the least that is shown of a curve.
constexpr double most_ratio = 30;
constexpr int least_plot_rows = 4, most_plot_rows = 14;

/// How many rows each part of the screen has; a part's title is one of them.
struct parts {
  int plots = 0, workers = 0, servers = 0, events = 0;
};

/// Gives the part up to `full` rows of those that are left.
void grow(int& part, int full, int& left) {
  const int more = std::clamp(full - part, 0, left);
  part += more;
  left -= more;
}

parts divide(const run_view& of, int rows, bool wide) {
  parts out;
  const std::size_t listed = of.workers.empty() ? of.nodes.size() : of.workers.size();
  const int workers = 2 + std::max(1, static_cast<int>(listed));
  const int servers = of.servers.empty() ? 0 : 2 + static_cast<int>(of.servers.size());
  const int events = wide ? 0 : 3;
  const int least = std::min(workers, 5) + std::min(servers, 3) + events;
  // Many workers take from the plots.
  const int wanted = std::min(rows / 3, std::max(least_plot_rows, rows - workers - servers - 4));
  int left = rows;
  if (rows >= least + least_plot_rows) {
    grow(out.plots, std::clamp(wanted, least_plot_rows, most_plot_rows), left);
  }
  grow(out.workers, std::min(workers, 5), left);
  if (left >= std::min(servers, 3)) grow(out.servers, std::min(servers, 3), left);
  if (left >= events) grow(out.events, events, left);
  grow(out.workers, std::min(workers, rows / 2), left);
  if (out.servers > 0) grow(out.servers, std::min(servers, std::max(4, rows / 4)), left);
  if (out.events > 0) grow(out.events, std::min(rows / 4, 6), left);
  grow(out.workers, workers, left);
  if (out.servers > 0) grow(out.servers, servers, left);
  if (!wide) grow(out.events, rows, left);
  if (wide && out.plots > 0) grow(out.plots, most_plot_rows, left);
  grow(out.workers, rows, left);
  return out;
}

/// "── workers ───────── 1-12 of 200 ──"
void rule(grid& on, const area& where, const std::string& title, const std::string& more = {}) {
  on.fill(where.x, where.y, where.width, on.unicode() ? U'─' : U'-', look::dim);
  on.put(where.x + 2, where.y, " " + title + " ", look::bold, where.width - 2);
  if (more.empty() || columns_of(title) + columns_of(more) + 12 > where.width) return;
  on.put_right(where.x + where.width - 2, where.y, " " + more + " ", look::dim);
}

look look_of(const run_view& of) {
  if (of.tied == tie::lost || of.tied == tie::failed || of.state == "failed") return look::bad;
  if (of.tied == tie::over || of.state == "training") return look::good;
  return look::warning;
}

std::string state_of(const run_view& of) {
  switch (of.tied) {
    case tie::lost:
      return "connection lost";
    case tie::over:
    case tie::failed:
      return "over";
    case tie::live:
      break;
  }
  return of.state;
}

void draw_title(grid& on, const run_view& of) {
  on.fill(0, 0, on.width(), U' ', look::title);
  const std::string time = of.seconds ? "  " + span_text(*of.seconds) : "";
  const std::string state = state_of(of);
  const int end = on.width() - columns_of(time) - 1;
  on.put_right(on.width() - 1, 0, time, look::title);
  on.put_right(end, 0, " " + state + " ", look_of(of));
  const int room = end - columns_of(state) - 3;
  const int x = on.put(1, 0, of.name, look::title, room);
  on.put(x + 2, 0, of.optimizer, look::title, room - x - 1);
}

/// How the run ended. \returns the lines that takes.
int draw_outcome(grid& on, const run_view& of) {
  const auto lines =
      split(wrapped(of.notice, 1, static_cast<std::size_t>(std::max(on.width() - 1, 2))), '\n');
  const int count = std::min(static_cast<int>(lines.size()), 2);
  const look style = of.tied == tie::over ? look::good : look::bad;
  for (int i = 0; i < count; ++i) on.put(1, 1 + i, lines[static_cast<std::size_t>(i)], style);
  return count;
}

void draw_progress(grid& on, const run_view& of) {
  const double share =
      of.rows && of.total && *of.total > 0 ? std::min(1.0, *of.rows / *of.total) : 0;
  std::string before, after;
  if (of.epoch && of.epochs) before = fmt::format("epoch {:.0f} of {:.0f}", *of.epoch, *of.epochs);
  if (of.total) after = fmt::format("{:3.0f} %", std::floor(share * 100));
  const std::string rows =
      of.total ? fmt::format("  {:.0f} of {:.0f} rows", of.rows.value_or(0), *of.total) : "";
  const std::string left = of.left ? "  " + span_text(*of.left) + " left" : "";
  const int room = on.width() - columns_of(before) - columns_of(after) - columns_of(left) - 4;
  if (room - columns_of(rows) >= 10) after += rows;
  after += left;
  int x = on.put(1, 1, before, look::plain);
  const int bar = on.width() - x - columns_of(after) - 4;
  if (bar >= 5 && of.total) {
    draw_bar(on, x + 2, 1, bar, share, look::good);
    x += bar + 2;
  }
  on.put(x > 1 ? x + 2 : 1, 1, after, look::plain);
}

void draw_facts(grid& on, const run_view& of) {
  std::vector<std::string> facts;
  if (of.rate) facts.push_back(short_number(*of.rate) + " rows/s");
  if (of.commits) facts.push_back(fmt::format("{:.0f} commits", *of.commits));
  if (of.staleness) facts.push_back(fmt::format("mean staleness {:.2f}", *of.staleness));
  if (!of.evaluation.empty()) facts.push_back(of.evaluation);
  if (of.bytes) facts.push_back(fmt::format("{:.1f} MB sent", *of.bytes / 1e6));
  int x = 1;
  for (const std::string& fact : facts) {
    if (x > 1 && x + columns_of(fact) >= on.width()) continue;
    x = on.put(x, 2, fact, look::plain) + 3;
  }
}

std::string digits(double value) {
  const double size = std::abs(value);
  if (size >= 1000 || (size > 0 && size < 0.0005)) return fmt::format("{:.1e}", value);
  return fmt::format("{:.{}f}", value, size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4);
}

void draw_plot(grid& on, const area& where, const std::string& name, std::optional<double> last,
               std::vector<std::pair<double, double>> points, look style) {
  constexpr int scale = 8;
  std::string title = last ? name + " " + digits(*last) : name;
  if (points.empty()) {
    rule(on, where, title);
    on.put(where.x + 2, where.y + 1, "nothing has been reported yet", look::dim, where.width - 2);
    return;
  }
  double least = points.front().second, most = least;
  for (const auto& p : points) {
    least = std::min(least, p.second);
    most = std::max(most, p.second);
  }
  // What falls by so much would lie on the ground for most of its time.
  const bool logarithmic = least > 0 && most / least > most_ratio;
  if (logarithmic) {
    for (auto& p : points) p.second = std::log(p.second);
    title += ", logarithmic";
  }
  rule(on, where, title,
       fmt::format("{} - {}", span_text(points.front().first), span_text(points.back().first)));
  on.put_right(where.x + scale - 1, where.y + 1, digits(most), look::dim, scale);
  if (most > least) {
    on.put_right(where.x + scale - 1, where.y + where.height - 1, digits(least), look::dim, scale);
  }
  draw_line(on, {where.x + scale, where.y + 1, where.width - scale, where.height - 1}, points,
            style);
}

void draw_plots(grid& on, const area& where, const run_view& of) {
  const bool both = where.width >= 50 && (of.losses.empty() || !of.accuracies.empty());
  if (!both) return draw_plot(on, where, "loss", of.loss, of.losses, look::loss);
  const int half = (where.width - 2) / 2;
  draw_plot(on, {where.x, where.y, half, where.height}, "loss", of.loss, of.losses, look::loss);
  draw_plot(on, {where.x + half + 2, where.y, where.width - half - 2, where.height}, "accuracy",
            of.accuracy, of.accuracies, look::accuracy);
}

void draw_workers(grid& on, const area& where, const run_view& of, layout_choice& choice,
                  layout_facts& facts) {
  const auto columns = worker_columns(of, where.width - 1, on.unicode());
  facts.sorts = sortable(columns);
  facts.rows = static_cast<std::size_t>(std::max(where.height - 2, 0));
  const std::size_t count = of.workers.size();
  choice.first = std::min(choice.first, count - std::min(count, facts.rows));
  if (where.height <= 0) return;
  if (count == 0) {
    rule(on, where, of.nodes.empty() ? "workers" : "nodes");
    for (std::size_t i = 0; i < of.nodes.size() && static_cast<int>(i) < where.height - 1; ++i) {
      on.put(where.x + 1, where.y + 1 + static_cast<int>(i), of.nodes[i],
             i == 0 ? look::dim : look::plain, where.width - 1);
    }
    if (of.nodes.empty() && where.height > 1) {
      on.put(where.x + 1, where.y + 1, "nobody is here yet", look::dim, where.width - 1);
    }
    return;
  }
  std::string title = counted(count, "worker");
  if (of.troubled > 0) title += fmt::format(", {} not keeping up", of.troubled);
  const std::size_t last = std::min(count, choice.first + facts.rows);
  const bool all = choice.first == 0 && last == count;
  rule(on, where, title, all ? "" : fmt::format("{}-{} of {}", choice.first + 1, last, count));
  const auto rows = sorted(of, columns, choice.sort, choice.reversed);
  draw_table(on, {where.x, where.y + 1, where.width, where.height - 1}, columns, rows, choice.first,
             choice.sort, choice.reversed);
  // What is wrong is said where there is room behind the table.
  const int x = where.x + width_of(columns) + 2;
  for (std::size_t i = choice.first; i < last && where.x + where.width - x >= 12; ++i) {
    on.put(x, where.y + 2 + static_cast<int>(i - choice.first), rows[i].remark, look::bad,
           where.x + where.width - x);
  }
}

void draw_servers(grid& on, const area& where, const run_view& of) {
  if (where.height <= 0) return;
  const std::size_t count = of.servers.size();
  const auto room = static_cast<std::size_t>(std::max(where.height - 2, 0));
  rule(on, where, counted(count, "parameter server"),
       room < count ? fmt::format("{} of {}", room, count) : "");
  draw_table(on, {where.x, where.y + 1, where.width, where.height - 1},
             server_columns(of, where.width - 1), of.servers, 0, {}, false);
}

void draw_events(grid& on, const area& where, const run_view& of) {
  if (where.height <= 0) return;
  rule(on, where, "events");
  const auto room = static_cast<std::size_t>(where.height - 1);
  std::size_t first = of.events.size() - std::min(room, of.events.size());
  const int end = where.x + where.width, facts_at = where.x + 27;
  for (int y = where.y + 1; first < of.events.size(); ++y, ++first) {
    const event_row& e = of.events[first];
    const std::string time = fmt::format("{:.1f} s", e.time);
    on.put_right(where.x + 9, y, time, look::dim, 9);
    const int x = on.put(where.x + 11, y, e.name, e.style, end - where.x - 11);
    on.put(std::max(x + 2, facts_at), y, e.facts, look::plain, end - std::max(x + 2, facts_at));
  }
}

void draw_last_line(grid& on, const run_view& of, const layout_choice& choice) {
  const int y = on.height() - 1;
  const bool ended = of.tied == tie::over || of.tied == tie::failed;
  const bool lost = of.tied == tie::lost;
  on.fill(0, y, on.width(), U' ', look::plain);
  if (!choice.question.empty()) {
    on.put(1, y, choice.question, look::warning, on.width() - 1);
    return;
  }
  const std::string said = choice.message.empty() && lost ? of.notice : choice.message;
  if (said.empty()) {
    const std::string steer =
        fmt::format("p {}   c checkpoint   x stop   ", of.state == "paused" ? "go on" : "pause");
    const std::string keys = "q quit   s sort   r reverse   " + (ended ? "" : steer) + "? help";
    on.put(1, y, keys, look::dim, on.width() - 1);
    return;
  }
  const bool bad = choice.message.empty() || choice.message_bad;
  const std::string quit = "q quit";
  const int end = on.width() - 1 - columns_of(quit);
  on.put(1, y, said, bad ? look::bad : look::good, end > 20 ? end - 3 : on.width() - 1);
  if (end > 20) on.put(end, y, quit, look::dim);
}

void draw_help(grid& on) {
  static const char* const lines[] = {
      "q, Ctrl-C     leave; the run goes on",
      "p             pause the run, or go on with it",
      "c             write a checkpoint now",
      "x             stop the run; asks first",
      "s, S          sort workers by the next column, the one before",
      "r             the other way round",
      "up, down, page up, page down, home, end    scroll workers",
      "",
      "share   of the rows that were trained     stale   versions missed",
      "lag     windows behind the first worker   window  rows of a window",
      "given   rows of others moved to it        taken   moved away from it",
      "queue   messages that wait at a server    heard   since its report",
      "",
      "Any key takes this away.",
  };
  const int count = static_cast<int>(std::size(lines));
  const int width = std::min(on.width(), 72), height = std::min(on.height(), count + 2);
  const int left = (on.width() - width) / 2, top = (on.height() - height) / 2;
  for (int y = 0; y < height; ++y) on.fill(left, top + y, width, U' ', look::plain);
  rule(on, {left, top, width, 1}, "help");
  for (int i = 0; i < count && i + 1 < height; ++i) {
    on.put(left + 2, top + 1 + i, lines[i], look::plain, width - 3);
  }
  if (height == count + 2) {
    on.fill(left, top + height - 1, width, on.unicode() ? U'─' : U'-', look::dim);
  }
}

}  // namespace

grid draw(const run_view& of, layout_choice& choice, int width, int height, layout_facts* facts) {
  grid out(width, height, choice.unicode);
  layout_facts found;
  draw_title(out, of);
  const bool ended = of.tied == tie::over || of.tied == tie::failed;
  const int told = ended && height > 1 ? draw_outcome(out, of) : 0;
  if (height > 1 && told < 1) draw_progress(out, of);
  if (height > 4 && told < 2) draw_facts(out, of);
  const int top = height > 4 ? 3 : 2, rows = std::max(height - top - 1, 0);
  // Side by side only what has no room one below the other.
  const std::size_t listed = of.workers.size() + of.servers.size();
  const bool wide =
      width >= wide_screen && listed + most_plot_rows > static_cast<std::size_t>(rows);
  const parts p = divide(of, rows, wide);
  const int columns = wide ? std::min(most_table_columns, width - least_event_columns) : width;
  int y = top;
  if (p.plots > 0) draw_plots(out, {0, y, width, p.plots}, of);
  y += p.plots;
  const int events_top = y;
  draw_workers(out, {0, y, columns, p.workers}, of, choice, found);
  y += p.workers;
  draw_servers(out, {0, y, columns, p.servers}, of);
  y += p.servers;
  if (wide) {
    draw_events(out, {columns + 2, events_top, width - columns - 2, height - 1 - events_top}, of);
  } else {
    draw_events(out, {0, y, width, p.events}, of);
  }
  if (height > 2) draw_last_line(out, of, choice);
  if (choice.help) draw_help(out);
  if (facts) *facts = found;
  return out;
}

std::string one_line(const run_view& of) {
  std::vector<std::string> parts = {state_of(of)};
  if (of.tied == tie::over || of.tied == tie::failed) return "over: " + of.notice;
  if (of.epoch && of.epochs)
    parts.push_back(fmt::format("epoch {:.0f}/{:.0f}", *of.epoch, *of.epochs));
  if (of.rows && of.total && *of.total > 0) {
    parts.push_back(fmt::format("{:.0f} %", std::floor(100 * *of.rows / *of.total)));
  }
  if (of.rate) parts.push_back(short_number(*of.rate) + " rows/s");
  if (of.loss) parts.push_back("loss " + text(of.loss, 4));
  if (of.accuracy) parts.push_back("accuracy " + text(of.accuracy, 4));
  if (of.left) parts.push_back(span_text(*of.left) + " left");
  if (!of.workers.empty()) parts.push_back(counted(of.workers.size(), "worker"));
  for (const worker_row& w : of.workers) {
    if (!w.remark.empty() && of.troubled <= 3)
      parts.push_back(fmt::format("{}: {}", w.number, w.remark));
  }
  if (of.troubled > 3) parts.push_back(fmt::format("{} not keeping up", of.troubled));
  if (!of.notice.empty()) parts.push_back(of.notice);
  return fmt::format("{:>8} s  {}", text(of.seconds, 1), fmt::join(parts, "  "));
}

}  // namespace troupe::cli
