#include "troupe/cluster/report/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/scale.hpp"
#include "troupe/cluster/report/story.hpp"

namespace troupe::page {

namespace {

constexpr double width = 1000, names = 150, right = 16, top = 10, row = 26, bottom = 44;
constexpr double sign_room = 9;         // signs nearer to each other become one
constexpr std::size_t most_lanes = 40;  // of each kind
constexpr std::uint32_t most_servers = 4096;

struct span {
  double from = 0, to = 0;
};

struct marked {
  double time = 0;
  char shape = 'o';
  std::string text;
  std::size_t count = 1;
};

struct lane {
  std::string name;
  std::size_t look = 0;
  std::vector<span> there;
  std::optional<double> since;  ///< there now
  std::vector<marked> signs;

  void comes(double time) {
    if (!since) since = time;
  }
  void goes(double time) {
    if (since) there.push_back({std::min(*since, time), time});
    since.reset();
  }
  void mark(double time, char shape, std::string text) {
    signs.push_back({time, shape, std::move(text)});
  }
};

/// Goes through the events once and puts each in its lanes.
class lanes {
 public:
  explicit lanes(const run_record& run) : end_(run.seconds()) {
    run_.name = "run";
    run_.look = 7;
    checkpoints_.name = "checkpoints";
    checkpoints_.look = 7;
    for (const happening& h : run.events) take(h);
    for (auto* all : {&workers_, &servers_}) {
      for (auto& [number, l] : *all) l.goes(end_);
    }
    for (auto& [name, l] : nodes_) l.goes(end_);
    run_.goes(end_);
  }

  double end() const { return end_; }

  /// In the order of the figure; `left_out`: how many have no lane of their own.
  std::vector<const lane*> shown(std::size_t& left_out) const {
    std::vector<const lane*> out = {&run_};
    left_out = 0;
    add(nodes_, out, left_out);
    add(servers_, out, left_out);
    add(workers_, out, left_out);
    if (!checkpoints_.signs.empty()) out.push_back(&checkpoints_);
    return out;
  }

 private:
  template <class Lanes>
  static void add(const Lanes& all, std::vector<const lane*>& out, std::size_t& left_out) {
    const bool few = all.size() <= most_lanes;
    std::size_t added = 0;
    for (const auto& [key, l] : all) {
      if ((few || !l.signs.empty()) && added < most_lanes) {
        out.push_back(&l);
        ++added;
      } else {
        ++left_out;
      }
    }
  }

  lane& worker(std::uint32_t number) {
    lane& l = workers_[number];
    l.name = fmt::format("worker {}", number);
    l.look = number;
    return l;
  }
  lane& server(std::uint32_t number) {
    lane& l = servers_[number];
    l.name = fmt::format("server {}", number);
    l.look = 7;
    return l;
  }
  lane& node(const std::string& name) {
    lane& l = nodes_[name];
    l.name = "node " + name;
    l.look = 7;
    return l;
  }

  void take(const happening& h) {
    const std::string text = tell(h).text;
    if (const auto number = index_in(h, "worker"); number && h.name != "diverged") {
      of_worker(h, worker(*number), text);
    } else if (const auto at = index_in(h, "parameter_server")) {
      of_server(h, server(*at), text);
    } else if (h.name == "rebalanced") {
      of_move(h, text);
    } else if (h.facts.contains("node")) {
      of_node(h, node(fact(h, "node")), text);
    } else if (h.name.rfind("checkpoint", 0) == 0) {
      checkpoints_.mark(h.time, h.name == "checkpoint" ? 'o' : 'x', text);
    } else {
      of_run(h, text);
    }
  }

  static void of_worker(const happening& h, lane& l, const std::string& text) {
    if (h.name == "worker_joined") {
      if (!l.there.empty()) l.mark(h.time, 'o', text);
      l.comes(h.time);
    } else if (h.name == "worker_lost") {
      l.goes(h.time);
      l.mark(h.time, 'x', text);
    } else {
      l.mark(h.time, 'o', text);
    }
  }

  static void of_server(const happening& h, lane& l, const std::string& text) {
    if (h.name == "parameter_server_lost") {
      l.goes(h.time);
      l.mark(h.time, 'x', text);
    } else if (h.name == "parameter_server_replaced" || h.name == "parameter_server_joined") {
      l.comes(h.time);
      l.mark(h.time, 'o', text);
    } else if (h.name == "backups_promoted") {
      l.mark(h.time, 'o', text);
    }
  }

  static void of_node(const happening& h, lane& l, const std::string& text) {
    if (h.name == "node_joined") {
      if (!l.there.empty()) l.mark(h.time, 'o', text);
      l.comes(h.time);
    } else if (h.name == "node_lost" || h.name == "node_left") {
      l.goes(h.time);
      if (!h.after_end) l.mark(h.time, h.name == "node_lost" ? 'x' : 'o', text);
    } else {
      l.mark(h.time, h.name == "node_heard_again" ? 'o' : 'x', text);
    }
  }

  void of_move(const happening& h, const std::string& text) {
    const auto from = index_in(h, "from"), to = index_in(h, "to");
    if (from) worker(*from).mark(h.time, 'v', text);
    if (to) worker(*to).mark(h.time, '^', text);
    if (!from && !to) run_.mark(h.time, 'o', text);
  }

  void of_run(const happening& h, const std::string& text) {
    if (h.name == "started") {
      run_.comes(h.time);
      const auto servers = index_in(h, "parameter_servers").value_or(0);
      for (std::uint32_t i = 0; i < std::min(servers, most_servers); ++i) server(i).comes(h.time);
    } else if (h.name == "stopped") {
      run_.goes(h.time);
    } else {
      run_.mark(h.time, tell(h).trouble ? 'x' : 'o', text);
    }
  }

  const double end_;
  lane run_, checkpoints_;
  std::map<std::string, lane> nodes_;
  std::map<std::uint32_t, lane> workers_, servers_;
};

/// Signs of one shape that would cover each other, as one that says how many they are.
std::vector<marked> apart(const std::vector<marked>& all, const scale& x) {
  std::vector<marked> out;
  for (const char shape : {'^', 'v', 'o', 'x'}) {
    std::vector<marked> same;
    std::copy_if(all.begin(), all.end(), std::back_inserter(same),
                 [&](const marked& m) { return m.shape == shape; });
    std::stable_sort(same.begin(), same.end(),
                     [](const marked& a, const marked& b) { return a.time < b.time; });
    std::size_t first = out.size();
    for (const marked& m : same) {
      if (out.size() > first && x.at(m.time) - x.at(out.back().time) < sign_room) {
        ++out.back().count;
      } else {
        out.push_back(m);
      }
    }
  }
  return out;
}

std::string drawn(const marked& m, double x, double y) {
  std::string text = m.text;
  if (m.count > 1) text += fmt::format(" (and {} more next to it)", m.count - 1);
  std::string shape;
  switch (m.shape) {
    case 'v':
      shape = fmt::format("<path d=\"M{:.1f} {:.1f}l-5 -8h10z\"/>", x, y + 10);
      break;
    case '^':
      shape = fmt::format("<path d=\"M{:.1f} {:.1f}l-5 8h10z\"/>", x, y - 10);
      break;
    case 'x':
      shape = fmt::format("<path class=\"thick\" d=\"M{:.1f} {:.1f}l10 10m0 -10l-10 10\"/>", x - 5,
                          y - 5);
      break;
    default:
      shape = fmt::format("<circle class=\"ring\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/>", x, y);
  }
  return fmt::format("<g class=\"sign\"><title>{}: {}</title>{}</g>\n", seconds_text(m.time),
                     escaped(text), shape);
}

}  // namespace

std::string timeline_figure(const run_record& run) {
  if (run.events.empty()) return "";
  const lanes all(run);
  std::size_t left_out = 0;
  const std::vector<const lane*> shown = all.shown(left_out);
  const double height = top + row * static_cast<double>(shown.size());
  const scale x{0, all.end() > 0 ? all.end() : 1, names, width - right, false};
  std::string out = fmt::format(
      "<figure class=\"timeline\">\n<figcaption><h3>Who was there when</h3><p class=\"note\">"
      "Bars: there. Crosses: lost, or failed. Rings: came back, took over, wrote a checkpoint. "
      "Triangles: rows taken from (down) and given to (up) a worker.{}</p></figcaption>\n"
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"timeline\">"
      "<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"who was there when\">\n",
      left_out > 0 ? fmt::format(" {} with nothing to tell have no lane here.",
                                 count_text(static_cast<double>(left_out)))
                   : "",
      width, height + bottom);
  for (const double tick : x.ticks(8)) {
    out += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:g}V{2:g}\"/>"
        "<text x=\"{0:.1f}\" y=\"{3:g}\" text-anchor=\"middle\">{4}</text>\n",
        x.at(tick), top, height, height + 18, tick_text(tick));
  }
  out += fmt::format("<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"middle\">seconds</text>\n",
                     (names + width - right) / 2, height + 38);
  double y = top + row / 2;
  for (const lane* l : shown) {
    out += fmt::format("<text x=\"{:g}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", names - 10,
                       y + 4, escaped(l->name.size() > 20 ? l->name.substr(0, 20) : l->name));
    for (const span& s : l->there) {
      out += fmt::format(
          "<rect class=\"there {}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\" "
          "rx=\"2\"><title>{}: from {} to {}</title></rect>\n",
          look_of(l->look), x.at(s.from), y - 6, std::max(x.at(s.to) - x.at(s.from), 1.5),
          escaped(l->name), seconds_text(s.from), seconds_text(s.to));
    }
    for (const marked& m : apart(l->signs, x)) out += drawn(m, x.at(m.time), y);
    y += row;
  }
  return out + "</svg></div>\n</figure>\n";
}

}  // namespace troupe::page
