#include "troupe/cluster/report/spread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "troupe/cluster/report/chart.hpp"
#include "troupe/cluster/report/markup.hpp"

namespace troupe::page {

namespace {

constexpr double left = 66, right = 14, top = 12, bottom = 46;
constexpr double row = 24;  // of a box
constexpr int wanted_steps = 24;

void keep_finite(std::vector<double>& values) {
  values.erase(
      std::remove_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }),
      values.end());
}

std::string caption(const std::string& title, const std::string& note) {
  return fmt::format("<figcaption><h3>{}</h3><p class=\"note\">{}</p></figcaption>\n",
                     escaped(title), escaped(note));
}

void x_axis(std::string& out, const scale& x, double y, double grid_from, const std::string& name) {
  for (const double tick : x.ticks(6)) {
    out += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:g}V{2:g}\"/>"
        "<text x=\"{0:.1f}\" y=\"{3:g}\" text-anchor=\"middle\">{4}</text>\n",
        x.at(tick), grid_from, y, y + 19, tick_text(tick));
  }
  out += fmt::format("<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"middle\">{}</text>\n",
                     (x.from + x.to) / 2, y + 40, escaped(name));
}

}  // namespace

histogram histogram_of(const std::vector<double>& all) {
  std::vector<double> values = all;
  keep_finite(values);
  histogram out;
  if (values.empty()) return out;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (*most > *least) {
    const std::vector<double> ticks = round_ticks(*least, *most, wanted_steps);
    if (ticks.size() > 1) out.step = ticks[1] - ticks[0];
  }
  // The first step is wherever the least value is; a value on a border belongs above it.
  out.low = std::floor(*least / out.step + 1e-9) * out.step;
  const auto last = static_cast<std::size_t>(
      std::clamp(std::floor((*most - out.low) / out.step + 1e-9), 0.0, 4.0 * wanted_steps));
  out.counts.resize(last + 1);
  for (const double v : values) {
    const double at = std::floor((v - out.low) / out.step + 1e-9);
    ++out.counts[static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(last)))];
  }
  return out;
}

quartiles quartiles_of(std::vector<double> values) {
  keep_finite(values);
  quartiles out;
  out.count = values.size();
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
  };
  double sum = 0;
  for (const double v : values) sum += v;
  return {values.front(), at(0.25),      at(0.5),
          at(0.75),       values.back(), sum / static_cast<double>(values.size()),
          values.size()};
}

std::string histogram_figure(const std::string& title, const std::string& note,
                             const std::string& what, const std::string& counted_as,
                             const histogram& of) {
  if (of.counts.empty()) return "";
  const double most = *std::max_element(of.counts.begin(), of.counts.end());
  const double steps = static_cast<double>(of.counts.size());
  const scale x{of.low, of.low + steps * of.step, left, chart_width - right, false};
  const scale y{0, most * 1.04, chart_height - bottom, top, false};
  std::string out = "<figure class=\"chart\">\n" + caption(title, note) +
                    fmt::format("<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n",
                                chart_width, chart_height, escaped(title));
  for (const double tick : y.ticks(5)) {
    if (tick != std::floor(tick)) continue;  // halves of a count
    out += fmt::format(
        "<path class=\"grid\" d=\"M{:g} {:.1f}H{:g}\"/>"
        "<text x=\"{:g}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
        left, y.at(tick), chart_width - right, left - 7, y.at(tick) + 4, tick_text(tick));
  }
  x_axis(out, x, chart_height - bottom, chart_height - bottom, what);
  for (std::size_t i = 0; i < of.counts.size(); ++i) {
    if (of.counts[i] == 0) continue;
    const double from = of.low + static_cast<double>(i) * of.step;
    out += fmt::format(
        "<rect class=\"block c0\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{} from {} to {}: {}</title></rect>\n",
        x.at(from) + 1, y.at(of.counts[i]), std::max(x.at(from + of.step) - x.at(from) - 2, 1.0),
        y.at(0) - y.at(of.counts[i]), escaped(what), tick_text(from), tick_text(from + of.step),
        escaped(counted(of.counts[i], counted_as)));
  }
  return out + "</svg>\n</figure>\n";
}

std::string boxes_figure(const std::string& title, const std::string& note,
                         const std::vector<box>& boxes) {
  double most = 0;
  std::size_t count = 0;
  for (const box& b : boxes) {
    if (b.of.count == 0) continue;
    most = std::max(most, b.of.most);
    ++count;
  }
  if (count == 0) return "";
  const double names = 110, height = row * static_cast<double>(count);
  const scale x{0, most > 0 ? most * 1.02 : 1, names, chart_width - right, false};
  std::string out = "<figure class=\"chart\">\n" + caption(title, note) +
                    fmt::format("<svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n",
                                chart_width, top + height + bottom, escaped(title));
  x_axis(out, x, top + height, top, "staleness");
  double y = top + row / 2;
  for (const box& b : boxes) {
    if (b.of.count == 0) continue;
    const quartiles& q = b.of;
    out += fmt::format(
        "<g class=\"box {}\"><title>{}: from {} to {}, half of them from {} to {}, median {}"
        "</title>"
        "<path class=\"whisker\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\" rx=\"2\"/>"
        "<path class=\"median\" d=\"M{:.1f} {:.1f}v16\"/>"
        "<text x=\"{:g}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text></g>\n",
        look_of(b.look), escaped(b.name), number_text(q.least), number_text(q.most),
        number_text(q.first), number_text(q.third), number_text(q.median), x.at(q.least), y,
        x.at(q.most), x.at(q.first), y - 6, std::max(x.at(q.third) - x.at(q.first), 1.5),
        x.at(q.median), y - 8, names - 10, y + 4, escaped(b.name));
    y += row;
  }
  return out + "</svg>\n</figure>\n";
}

}  // namespace troupe::page
