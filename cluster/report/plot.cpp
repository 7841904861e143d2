#include "troupe/cluster/report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "troupe/cluster/report/markup.hpp"

namespace troupe::page {

namespace {

constexpr double left = 66, right = 14, top = 12, bottom = 46;
constexpr double most_rise = 4;               // times the first loss
constexpr double mean_steps = 160;            // of an axis
constexpr std::size_t most_of_chart = 12000;  // points of all series together
constexpr std::size_t most_of_series = 1200, least_of_series = 24, most_dots = 60;
constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t points_for_each(const chart& of) {
  const std::size_t share = most_of_chart / std::max<std::size_t>(of.all.size(), 1);
  return std::clamp(share, least_of_series, most_of_series);
}

/// What the chart's x axis goes to.
double longest(const chart& of, axis along) {
  double most = along == &moment::time ? of.end : 0;
  for (const series& s : of.all) {
    for (const moment& m : s.moments) {
      if (finite(m)) most = std::max(most, m.*along);
    }
  }
  return most > 0 ? most : 1;
}

class plot {
 public:
  plot(const chart& of, const view& seen) : of_(of), seen_(seen) {
    const extent y = values_of(of, seen.logarithmic);
    in_ = {{0, longest(of, seen.along), left, of_.width - right, false},
           {y.low, y.high, chart_height - bottom, top, seen.logarithmic}};
  }

  std::string text() {
    const bool time = seen_.along == &moment::time;
    out_ = fmt::format(
        "<svg class=\"plot {} {}\" viewBox=\"0 0 {:g} {:g}\" role=\"img\" tabindex=\"0\" "
        "aria-label=\"{}, over {}\" data-frame=\"{:g} {:g} {:g} {:g}\" "
        "data-x=\"{:.8g} {:.8g}\" data-y=\"{:.8g} {:.8g}\">\n",
        time ? "by-time" : "by-rows", seen_.logarithmic ? "log" : "linear", of_.width, chart_height,
        escaped(of_.title), time ? "seconds" : "rows trained", in_.x.from, in_.x.to, in_.y.from,
        in_.y.to, in_.x.low, in_.x.high, in_.y.low, in_.y.high);
    axes(time ? "seconds" : "rows trained");
    // Bands lie below all lines.
    for (const series& s : of_.all) band(s);
    for (const series& s : of_.all) line(s);
    if (time) signs();
    return out_ + "</svg>\n";
  }

 private:
  void axes(const char* name) {
    for (const double tick : in_.y.ticks(5)) {
      const double y = in_.y.at(tick);
      out_ += fmt::format(
          "<path class=\"grid\" d=\"M{:g} {:.1f}H{:g}\"/>"
          "<text x=\"{:g}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
          left, y, of_.width - right, left - 7, y + 4, tick_text(tick));
    }
    out_ += fmt::format("<path class=\"axis\" d=\"M{:g} {:g}H{:g}\"/>\n", left,
                        chart_height - bottom, of_.width - right);
    for (const double tick : in_.x.ticks(5)) {
      out_ += fmt::format(
          "<path class=\"axis\" d=\"M{0:.1f} {1:g}v4\"/>"
          "<text x=\"{0:.1f}\" y=\"{2:g}\" text-anchor=\"middle\">{3}</text>\n",
          in_.x.at(tick), chart_height - bottom, chart_height - bottom + 19, tick_text(tick));
    }
    out_ += fmt::format("<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"middle\">{}</text>\n",
                        (left + of_.width - right) / 2, chart_height - 6, name);
  }

  std::vector<gathered> means(const series& s) const {
    const double step = in_.x.high / mean_steps;
    std::vector<gathered> all = gather(s.moments, seen_.along, step);
    if (all.size() <= most_of_series) return all;
    // A history that goes back and forth all the time.
    return gather(thinned(s.moments, seen_.along, most_of_series), seen_.along, step);
  }

  double y_of(double value) const {
    // Below the axis nothing is drawn, so that what leaves the chart does not cover its numbers.
    return std::clamp(in_.y.at(value), top - 4, chart_height - bottom);
  }

  void band(const series& s) {
    if (s.as != series::drawn::mean) return;
    const std::vector<gathered> all = means(s);
    if (all.empty()) return;
    std::string there, back;
    for (std::size_t i = 0; i < all.size(); ++i) {
      // A run that went back would fold its band over itself.
      const bool goes_on = i > 0 && all[i].mean.*seen_.along > all[i - 1].mean.*seen_.along;
      if (i > 0 && !goes_on) close_band(there, back);
      const double x = in_.x.at(all[i].mean.*seen_.along);
      there += fmt::format("{}{:.1f} {:.1f}", there.empty() ? 'M' : 'L', x, y_of(all[i].high));
      back.insert(0, fmt::format("L{:.1f} {:.1f}", x, y_of(all[i].low)));
    }
    close_band(there, back);
    out_ +=
        fmt::format("<g class=\"series {}\" data-name=\"{}\"><path class=\"band\" d=\"{}\"/></g>\n",
                    look_of(s.look), escaped(s.name), bands_);
    bands_.clear();
  }

  void close_band(std::string& there, std::string& back) {
    bands_ += there + back + "Z";
    there.clear();
    back.clear();
  }

  std::vector<moment> drawn(const series& s) const {
    if (s.as != series::drawn::mean) return thinned(s.moments, seen_.along, points_for_each(of_));
    std::vector<moment> out;
    for (const gathered& g : means(s)) out.push_back(g.mean);
    return out;
  }

  void line(const series& s) {
    std::string path, dots, xs, ys;
    const std::vector<moment> points = drawn(s);
    const bool dotted = s.as == series::drawn::points && points.size() <= most_dots;
    double before = -infinity;
    std::size_t in_a_row = 0;
    std::string first;
    const auto end_piece = [&] {
      // One point alone would be no line.
      if (in_a_row == 1 && !dotted) dots += first;
      in_a_row = 0;
    };
    for (const moment& m : points) {
      if (!finite(m) || (seen_.logarithmic && m.value <= 0)) {
        end_piece();
        continue;
      }
      if (m.*seen_.along < before) end_piece();
      before = m.*seen_.along;
      const double x = in_.x.at(before), y = y_of(m.value);
      path += fmt::format("{}{:.1f} {:.1f}", in_a_row == 0 ? 'M' : 'L', x, y);
      const std::string dot = fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>", x, y);
      if (in_a_row++ == 0) first = dot;
      if (dotted) dots += dot;
      const char* blank = xs.empty() ? "" : " ";
      xs += fmt::format("{}{:.6g}", blank, before);
      ys += fmt::format("{}{:.5g}", blank, m.value);
    }
    end_piece();
    if (path.empty()) return;
    out_ += fmt::format(
        "<g class=\"series {}\" data-name=\"{}\" data-xs=\"{}\" data-ys=\"{}\">"
        "<title>{}</title><path class=\"curve\" d=\"{}\"/>{}</g>\n",
        look_of(s.look), escaped(s.name), xs, ys, escaped(s.name), path, dots);
  }

  void signs() {
    for (const sign& s : of_.signs) {
      const double x = in_.x.at(s.time);
      const double y = std::isfinite(s.value) ? y_of(s.value) : chart_height - bottom;
      out_ += fmt::format("<g class=\"sign {}\"><title>{}</title>{}</g>\n", look_of(s.look),
                          escaped(s.text), shape(s.shape, x, y));
    }
  }

  static std::string shape(char kind, double x, double y) {
    switch (kind) {
      case 'v':
        return fmt::format("<path d=\"M{:.1f} {:.1f}l-5 -9h10z\"/>", x, y);
      case '^':
        return fmt::format("<path d=\"M{:.1f} {:.1f}l-5 9h10z\"/>", x, y);
      case 'x':
        return fmt::format("<path class=\"thick\" d=\"M{:.1f} {:.1f}l10 10m0 -10l-10 10\"/>", x - 5,
                           y - 5);
      case 'o':
        return fmt::format("<circle class=\"ring\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4.5\"/>", x, y);
      default:
        return fmt::format("<path class=\"when\" d=\"M{:.1f} {:g}V{:g}\"/>", x, top,
                           chart_height - bottom);
    }
  }

  const chart& of_;
  const view seen_;
  frame in_;
  std::string out_, bands_;
};

/// The middle one of the first values of all series.
double usual_start(const chart& of) {
  // Evaluations begin when the worst is over.
  const bool trains = std::any_of(of.all.begin(), of.all.end(),
                                  [](const series& s) { return s.as == series::drawn::mean; });
  std::vector<double> firsts;
  for (const series& s : of.all) {
    if (trains && s.as != series::drawn::mean) continue;
    const auto first = std::find_if(s.moments.begin(), s.moments.end(), finite);
    if (first != s.moments.end()) firsts.push_back(first->value);
  }
  if (firsts.empty()) return 0;
  const auto middle = firsts.begin() + static_cast<std::ptrdiff_t>((firsts.size() - 1) / 2);
  std::nth_element(firsts.begin(), middle, firsts.end());
  return *middle;
}

}  // namespace

double ceiling_of(const chart& of) {
  const double start = of.limits_rise ? usual_start(of) : 0;
  return start > 0 ? most_rise * start : infinity;
}

extent values_of(const chart& of, bool logarithmic) {
  extent out{infinity, -infinity};
  for (const series& s : of.all) {
    for (const moment& m : s.moments) {
      if (!finite(m) || (logarithmic && m.value <= 0)) continue;
      out.low = std::min(out.low, m.value);
      out.high = std::max(out.high, m.value);
    }
  }
  if (out.low > out.high) return {};
  if (!logarithmic) out.high = std::max(std::min(out.high, ceiling_of(of)), out.low);
  if (logarithmic) {
    // A loss that falls to nothing at once is no reason to show nothing else.
    out.low = std::max(out.low, out.high * 1e-12);
    const double room = std::pow(out.high / out.low, 0.04);
    return out.high > out.low ? extent{out.low / room, out.high * room}
                              : extent{out.low / 2, out.low * 2};
  }
  if (of.from_zero) out.low = std::min(out.low, 0.0);
  if (!(out.high > out.low)) {
    const double half = std::max(std::abs(out.low), 1.0) * 0.05;
    return {out.low - half, out.high + half};
  }
  const double room = 0.04 * (out.high - out.low);
  return {of.from_zero && out.low == 0 ? 0 : out.low - room, out.high + room};
}

std::string plot_of(const chart& of, const view& seen) {
  return plot(of, seen).text();
}

}  // namespace troupe::page
