#include "curves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace troupe::cli {

namespace {

// Of a chart, in its own units; the page scales it.
constexpr double width = 620, height = 340, left = 58, right = 14, top = 14, bottom = 44;
constexpr std::size_t most_marked = 40, colours = 8, dashes = 5;
constexpr double most_bins = 160;
constexpr double most_rise = 2;  // times the first loss: what a diverging run may take of the chart

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1d2129; --soft: #5c6470; --line: #d9dde3; --paper: #fff;
  --c0: #0069b4; --c1: #d1500a; --c2: #00855f; --c3: #b0417f; --c4: #b98500; --c5: #2e9bd6;
  --c6: #6f4ba0; --c7: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #a3abb6; --line: #363c45;
  --paper: #15181d; --c0: #4ea8e8; --c1: #ff8a45; --c2: #35c796; --c3: #e58fbf; --c4: #f2be4b;
  --c5: #8fd3f8; --c6: #b497e0; --c7: #b3bac4; } }
body { margin: 2rem auto; max-width: 84rem; padding: 0 1rem; background: var(--paper);
  color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 0 0 .3rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr));
  gap: 1.5rem; }
figure { margin: 0; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--line); stroke-width: 1; }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.curve:hover { stroke-width: 4; }
ul.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; }
ul.legend svg { display: inline-block; width: 34px; height: 10px; margin-right: .4rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; margin: 1.5rem 0 .5rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
.number { text-align: right; } .notes { color: var(--soft); }
.d1 { stroke-dasharray: 7 4; } .d2 { stroke-dasharray: 2 3; } .d3 { stroke-dasharray: 9 3 2 3; }
.d4 { stroke-dasharray: 14 4; }
)";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// Colours repeat after a while; with another stroke then.
std::string classes_of(std::size_t index) {
  std::string names = "curve";
  if (index / colours % dashes > 0) names += fmt::format(" d{}", index / colours % dashes);
  return fmt::format("class=\"{}\" stroke=\"var(--c{})\"", names, index % colours);
}

using points_of = std::vector<curve_point> curve::*;
using axis_of = double curve_point::*;

struct range {
  double low = 0, high = 1;
};

/// One chart: what of every curve, over what.
struct chart {
  std::string title;
  points_of points;
  axis_of axis;
  std::string axis_name;
  bool loss = true;
};

bool finite(const curve_point& p) {
  return std::isfinite(p.value) && std::isfinite(p.seconds) && std::isfinite(p.rows);
}

bool has_points(const std::vector<curve>& curves, points_of points) {
  return std::any_of(curves.begin(), curves.end(), [&](const curve& c) {
    return std::any_of((c.*points).begin(), (c.*points).end(), finite);
  });
}

range values_of(const std::vector<curve>& curves, const chart& of) {
  const double infinity = std::numeric_limits<double>::infinity();
  double low = infinity, high = -infinity;
  std::vector<double> firsts;
  for (const curve& c : curves) {
    bool begun = false;
    for (const curve_point& p : c.*of.points) {
      if (!finite(p)) continue;
      low = std::min(low, p.value);
      high = std::max(high, p.value);
      if (!begun) firsts.push_back(p.value);
      begun = true;
    }
  }
  // A loss has 0 in sight, and one that runs away leaves the chart instead of flattening it.
  if (of.loss) {
    low = std::min(low, 0.0);
    if (!firsts.empty()) {
      const auto middle = firsts.begin() + static_cast<std::ptrdiff_t>((firsts.size() - 1) / 2);
      std::nth_element(firsts.begin(), middle, firsts.end());
      if (*middle > 0) high = std::min(high, most_rise * *middle);
    }
  }
  if (!(high > low)) {
    const double half = std::max(std::abs(low), 1.0) * 0.05;
    return {low - half, high + half};
  }
  return of.loss ? range{low, high + 0.04 * (high - low)}
                 : range{low - 0.04 * (high - low), high + 0.04 * (high - low)};
}

double longest(const std::vector<curve>& curves, const chart& of) {
  double most = 0;
  for (const curve& c : curves) {
    for (const curve_point& p : c.*of.points) {
      if (finite(p)) most = std::max(most, p.*of.axis);
    }
  }
  return most > 0 ? most : 1;
}

/// Draws one chart.
class drawing {
 public:
  drawing(const std::vector<curve>& curves, const chart& of, std::size_t number)
      : curves_(curves),
        of_(of),
        values_(values_of(curves, of)),
        most_(longest(curves, of)),
        clip_(fmt::format("chart{}", number)) {}

  std::string text() {
    out_ = fmt::format("<figure><h2>{}</h2>\n", escaped(of_.title));
    out_ += fmt::format("<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n", width,
                        height, escaped(of_.title));
    out_ += fmt::format(
        "<clipPath id=\"{}\"><rect x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\"/>"
        "</clipPath>\n",
        clip_, left, top, width - left - right, height - top - bottom);
    axes();
    out_ += fmt::format("<g clip-path=\"url(#{})\">\n", clip_);
    for (std::size_t i = 0; i < curves_.size(); ++i) line(curves_[i], i);
    out_ += "</g>\n</svg></figure>\n";
    return std::move(out_);
  }

 private:
  double x_of(double along) const { return left + along / most_ * (width - left - right); }
  double y_of(double value) const {
    const double share = (value - values_.low) / (values_.high - values_.low);
    // Far outside is as far as a renderer needs to know.
    return height - bottom - std::clamp(share, -10.0, 10.0) * (height - top - bottom);
  }

  void axes() {
    for (const double tick : round_ticks(values_.low, values_.high, 5)) {
      const double y = y_of(tick);
      out_ += fmt::format(
          "<line class=\"grid\" x1=\"{:g}\" x2=\"{:g}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
          "<text x=\"{:g}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
          left, width - right, y, y, left - 6, y + 4, tick_text(tick));
    }
    out_ += fmt::format("<path class=\"grid\" d=\"M{0:g} {1:g}L{2:g} {1:g}\"/>\n", left,
                        height - bottom, width - right);
    for (const double tick : round_ticks(0, most_, 6)) {
      out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:g}\" text-anchor=\"middle\">{}</text>\n",
                          x_of(tick), height - bottom + 18, tick_text(tick));
    }
    out_ += fmt::format("<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"middle\">{}</text>\n",
                        (left + width - right) / 2, height - 6, of_.axis_name);
  }

  void line(const curve& c, std::size_t index) {
    std::string path;
    std::string marks;
    bool down = false;
    std::vector<curve_point> points = c.*of_.points;
    if (of_.points == &curve::train_loss) points = binned(points, of_.axis, most_ / most_bins);
    for (const curve_point& p : points) {
      if (!finite(p)) {
        down = false;
        continue;
      }
      const double x = x_of(p.*of_.axis), y = y_of(p.value);
      path += fmt::format("{}{:.1f} {:.1f}", down ? 'L' : 'M', x, y);
      down = true;
      // One point alone would be no line.
      if (points.size() <= most_marked) {
        marks += fmt::format(
            "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" "
            "fill=\"var(--c{})\"/>",
            x, y, index % colours);
      }
    }
    if (path.empty()) return;
    out_ += fmt::format("<g><title>{}</title><path {} d=\"{}\"/>{}</g>\n", escaped(c.name),
                        classes_of(index), path, marks);
  }

  const std::vector<curve>& curves_;
  const chart& of_;
  const range values_;
  const double most_;
  const std::string clip_;
  std::string out_;
};

std::string legend_of(const std::vector<curve>& curves) {
  std::string out = "<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    out += fmt::format(
        "<li><svg viewBox=\"0 0 34 10\" aria-hidden=\"true\"><path {} d=\"M0 5L34 5\"/></svg>{}"
        "</li>\n",
        classes_of(i), escaped(curves[i].name));
  }
  return out + "</ul>\n";
}

std::string table_of(const page_content& content) {
  std::string out = "<div class=\"table\"><table>\n";
  for (std::size_t r = 0; r < content.table.size(); ++r) {
    out += "<tr>";
    for (std::size_t i = 0; i < content.table[r].size(); ++i) {
      const char* tag = r == 0 ? "th" : "td";
      const bool number = i >= content.first_number && i + 1 < content.table[r].size();
      out += fmt::format("<{}{}>{}</{}>", tag, number ? " class=\"number\"" : "",
                         escaped(content.table[r][i]), tag);
    }
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

}  // namespace

std::vector<curve_point> binned(const std::vector<curve_point>& points, double curve_point::*axis,
                                double step) {
  std::vector<curve_point> out;
  for (std::size_t i = 0; i < points.size();) {
    const double bin = std::floor(points[i].*axis / step);
    curve_point sum;
    double count = 0;
    for (; i < points.size() && std::floor(points[i].*axis / step) == bin; ++i) {
      sum.seconds += points[i].seconds;
      sum.rows += points[i].rows;
      sum.value += points[i].value;
      ++count;
    }
    // An axis that is no number is in no bin, not even its own.
    if (count == 0) {
      ++i;
      continue;
    }
    out.push_back({sum.seconds / count, sum.rows / count, sum.value / count});
  }
  return out;
}

std::vector<double> round_ticks(double low, double high, int wanted) {
  if (!(high > low)) return {low};
  const double rough = (high - low) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power < rough * (1 - 1e-9)) continue;
    step = factor * power;
    break;
  }
  std::vector<double> ticks;
  const double slack = 1e-9 * (high - low);
  for (double i = std::ceil((low - slack) / step); i * step <= high + slack; ++i) {
    ticks.push_back(i == 0 ? 0 : i * step);  // no -0
  }
  if (ticks.empty()) ticks.push_back(low);
  return ticks;
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size >= 1e15) return fmt::format("{:.3g}", value);
  if (size >= 1e9) return fmt::format("{:.4g}G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.4g}k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

std::string curves_page(const page_content& content) {
  const bool accuracy = has_points(content.curves, &curve::evaluated_accuracy);
  const points_of evaluated = accuracy ? &curve::evaluated_accuracy : &curve::evaluated_loss;
  const std::string name = accuracy ? "Accuracy of evaluations" : "Loss of evaluations";
  const std::vector<chart> charts = {
      {"Training loss over seconds", &curve::train_loss, &curve_point::seconds, "seconds", true},
      {name + " over seconds", evaluated, &curve_point::seconds, "seconds", !accuracy},
      {"Training loss over rows", &curve::train_loss, &curve_point::rows, "rows trained", true},
      {name + " over rows", evaluated, &curve_point::rows, "rows trained", !accuracy}};
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += fmt::format("<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
                     escaped(content.title), style);
  out += legend_of(content.curves) + "<div class=\"charts\">\n";
  std::size_t number = 0;
  for (const chart& c : charts) {
    if (has_points(content.curves, c.points)) out += drawing(content.curves, c, ++number).text();
  }
  out += "</div>\n" + table_of(content);
  if (!content.notes.empty()) out += "<ul class=\"notes\">\n";
  for (const std::string& note : content.notes) {
    out += fmt::format("<li>{}</li>\n", escaped(note));
  }
  if (!content.notes.empty()) out += "</ul>\n";
  return out + "</body>\n</html>\n";
}

}  // namespace troupe::cli
