// Scales, fewer points, spreads, escaping: what pages are made of.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "cluster/report/html.hpp"
#include "troupe/cluster/report/markup.hpp"
#include "troupe/cluster/report/plot.hpp"
#include "troupe/cluster/report/scale.hpp"
#include "troupe/cluster/report/spread.hpp"
#include "troupe/cluster/report/story.hpp"
#include "troupe/cluster/report/thin.hpp"
#include "troupe/config/flat.hpp"

using namespace troupe;
using namespace troupe::page;
using namespace troupe::testing;

namespace {

using numbers = std::vector<double>;
using words = std::vector<std::string>;
const auto each = boost::test_tools::per_element();
constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<moment> values(const numbers& all) {
  std::vector<moment> out;
  double at = 0;
  for (const double v : all) out.push_back({at, at * 10, v}), ++at;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(report_pieces)

BOOST_AUTO_TEST_CASE(ticks_are_round_and_within) {
  BOOST_TEST(round_ticks(0, 1, 4) == (numbers{0, 0.25, 0.5, 0.75, 1}), each);
  BOOST_TEST(round_ticks(113, 260, 5) == (numbers{150, 200, 250}), each);
  BOOST_TEST(round_ticks(-2, 2, 4) == (numbers{-2, -1, 0, 1, 2}), each);
  BOOST_TEST(round_ticks(3, 3, 5) == (numbers{3}), each);
  BOOST_TEST(round_ticks(0, no_number, 5).size() == 1u);
  BOOST_TEST(round_ticks(1e16, 1e16 + 2, 5).size() < 10u);
  BOOST_TEST(log_ticks(0.02, 30) == (numbers{0.1, 1, 10}), each);
  BOOST_TEST(log_ticks(0.4, 3) == (numbers{0.5, 1, 2}), boost::test_tools::tolerance(1e-9) << each);
  BOOST_TEST(log_ticks(1e-300, 1e300).size() < 12u);
  BOOST_TEST(log_ticks(0, 5).size() == 1u);
}

BOOST_AUTO_TEST_CASE(numbers_as_people_write_them) {
  BOOST_TEST(tick_text(0.25) == "0.25");
  BOOST_TEST(tick_text(0) == "0");
  BOOST_TEST(tick_text(7200) == "7200");
  BOOST_TEST(tick_text(25000) == "25k");
  BOOST_TEST(tick_text(1500000) == "1.5M");
  BOOST_TEST(tick_text(-2e10) == "-20G");
  BOOST_TEST(count_text(480000) == "480,000");
  BOOST_TEST(count_text(999) == "999");
  BOOST_TEST(count_text(-1234567) == "-1,234,567");
  BOOST_TEST(count_text(no_number) == "-");
  BOOST_TEST(bytes_text(999) == "999 B");
  BOOST_TEST(bytes_text(999600) == "1 MB");
  BOOST_TEST(bytes_text(2.8378e9) == "2.84 GB");
  BOOST_TEST(seconds_text(0.254) == "0.25 s");
  BOOST_TEST(seconds_text(42.04) == "42.0 s");
  BOOST_TEST(seconds_text(208.2) == "3 min 28 s");
  BOOST_TEST(seconds_text(7500) == "2 h 5 min");
  BOOST_TEST(seconds_text(infinity) == "-");
  BOOST_TEST(counted(1, "worker") == "1 worker");
  BOOST_TEST(counted(2000, "row") == "2,000 rows");
}

BOOST_AUTO_TEST_CASE(numbers_lie_where_the_scale_says) {
  const scale linear{10, 20, 100, 200, false};
  BOOST_TEST(linear.at(15) == 150);
  BOOST_TEST(linear.at(1e300) == 1100);
  const scale down{1, 100, 300, 0, true};
  BOOST_TEST(down.at(10) == 150, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(down.at(0) == 3300);
}

BOOST_AUTO_TEST_CASE(fewer_points_keep_the_first_the_last_and_every_peak) {
  numbers all(10000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::sin(static_cast<double>(i) / 500);
  all[1234] = 50;
  all[7777] = -50;
  const auto thin = thinned(values(all), &moment::time, 400);
  BOOST_TEST(thin.size() <= 404u);
  BOOST_TEST(thin.size() > 200u);
  BOOST_TEST(thin.front().time == 0);
  BOOST_TEST(thin.back().time == 9999);
  double low = 0, high = 0, before = -1;
  for (const moment& m : thin) {
    low = std::min(low, m.value);
    high = std::max(high, m.value);
    BOOST_TEST(m.time > before);
    before = m.time;
  }
  BOOST_TEST(low == -50);
  BOOST_TEST(high == 50);
  // What is short enough stays as it is.
  BOOST_TEST(thinned(values({1, 2, 3}), &moment::rows, 4).size() == 3u);
}

BOOST_AUTO_TEST_CASE(gaps_stay_and_do_not_defeat_the_limit) {
  const auto kept =
      thinned(values({1, no_number, no_number, 2, 3, 4, 5, 6, 7, 8}), &moment::time, 8);
  BOOST_TEST(std::count_if(kept.begin(), kept.end(),
                           [](const moment& m) { return std::isnan(m.value); }) == 1);
  numbers torn(5000);
  for (std::size_t i = 0; i < torn.size(); ++i) torn[i] = i % 2 == 0 ? 1.0 : no_number;
  torn[3000] = 9;
  const auto thin = thinned(values(torn), &moment::time, 100);
  BOOST_TEST(thin.size() <= 104u);
  BOOST_TEST(std::any_of(thin.begin(), thin.end(), [](const moment& m) { return m.value == 9; }));
  // A run that goes back all the time.
  std::vector<moment> back = values(numbers(5000, 1));
  for (std::size_t i = 0; i < back.size(); ++i) back[i].time = static_cast<double>(i % 7);
  BOOST_TEST(thinned(back, &moment::time, 100).size() <= 104u);
}

BOOST_AUTO_TEST_CASE(reports_that_came_together_are_one_point_in_a_band) {
  const std::vector<moment> points = {
      {0.1, 10, 4}, {0.9, 20, 2}, {0.95, 20, no_number}, {1.0, 30, 5}, {3.5, 50, 1}};
  const auto all = gather(points, &moment::time, 1);
  BOOST_TEST_REQUIRE(all.size() == 3u);
  BOOST_TEST(all[0].mean.time == 0.5);
  BOOST_TEST(all[0].mean.rows == 15);
  BOOST_TEST(all[0].mean.value == 3);
  BOOST_TEST(all[0].low == 2);
  BOOST_TEST(all[0].high == 4);
  BOOST_TEST(all[1].mean.value == 5);
  BOOST_TEST(gather(points, &moment::rows, 100).size() == 1u);
  BOOST_TEST(gather({}, &moment::time, 1).empty());
}

BOOST_AUTO_TEST_CASE(a_histogram_has_round_steps_and_counts_everything) {
  const histogram h = histogram_of({0, 0.5, 1, 1, 2.4, no_number});
  BOOST_TEST(h.low == 0);
  BOOST_TEST(h.step == 0.1);
  BOOST_TEST(h.counts.size() == 25u);
  BOOST_TEST(h.counts[0] == 1);
  BOOST_TEST(h.counts[5] == 1);
  BOOST_TEST(h.counts[10] == 2);
  BOOST_TEST(h.counts[24] == 1);
  BOOST_TEST(histogram_of({3, 3, 3}).counts == (numbers{3}), each);
  BOOST_TEST(histogram_of({no_number}).counts.empty());
  BOOST_TEST(histogram_of({0, 1e300}).counts.size() < 200u);
}

BOOST_AUTO_TEST_CASE(quartiles_lie_between_values) {
  const quartiles q = quartiles_of({4, 1, 2, no_number, 3, 5});
  BOOST_TEST(q.count == 5u);
  BOOST_TEST(q.least == 1);
  BOOST_TEST(q.first == 2);
  BOOST_TEST(q.median == 3);
  BOOST_TEST(q.third == 4);
  BOOST_TEST(q.most == 5);
  BOOST_TEST(q.mean == 3);
  BOOST_TEST(quartiles_of({1, 2}).median == 1.5);
  BOOST_TEST(quartiles_of({}).count == 0u);
}

BOOST_AUTO_TEST_CASE(text_cannot_break_out) {
  BOOST_TEST(escaped("<b a='1'>\"&\"") == "&lt;b a=&#39;1&#39;&gt;&quot;&amp;&quot;");
  BOOST_TEST(escaped("grün €𝄞") == "grün €𝄞");
  // Half characters, characters too long, surrogates, controls.
  BOOST_TEST(escaped("a\xC3") == "a\xEF\xBF\xBD");
  BOOST_TEST(escaped("\xC0\x80z") == "\xEF\xBF\xBD\xEF\xBF\xBDz");
  BOOST_TEST(escaped("\xED\xA0\x80").find("\xED") == std::string::npos);
  BOOST_TEST(escaped(std::string("\x01\0", 2)) == "\xEF\xBF\xBD\xEF\xBF\xBD");
  BOOST_TEST(escaped("a\n\tb") == "a\n\tb");
}

BOOST_AUTO_TEST_CASE(a_loss_that_runs_away_leaves_the_chart) {
  chart c;
  c.limits_rise = c.from_zero = true;
  c.all = {{"a", 0, series::drawn::mean, values({2, 1, 1e30})},
           {"b", 1, series::drawn::mean, values({2.2, 1})}};
  const extent linear = values_of(c, false);
  BOOST_TEST(linear.low == 0);
  BOOST_TEST(linear.high < 10);
  BOOST_TEST(has(figure_of(c), "The highest, 1e+30, is above the linear chart."));
  BOOST_TEST(values_of(c, true).low > 0);
  BOOST_TEST(!has(plot_of(c, {}), "nan"));
  // Evaluations begin when the worst is over: they do not say how high a loss may be.
  c.all = {{"training", 0, series::drawn::mean, values({2, 1})},
           {"test", 1, series::drawn::points, values({0.1})}};
  BOOST_TEST(values_of(c, false).high > 2);
}

BOOST_AUTO_TEST_CASE(points_lie_where_their_numbers_say) {
  chart c;
  c.title = "t";
  c.from_zero = true;
  c.all = {
      {"a", 0, series::drawn::line, {{1, 100, 2}, {2, 200, 1}, {3, 300, no_number}, {4, 400, 0}}}};
  // The plot is 66 to 626 wide and 12 to 254 high; seconds go to 4, values from 0 to 2.08.
  const std::string plot = plot_of(c, {});
  // 66 + 560 / 4 = 206; 254 - 242 * 2 / 2.08 = 21.3, 254 - 242 / 2.08 = 137.7
  BOOST_TEST(has(plot, "d=\"M206.0 21.3L346.0 137.7M626.0 254.0\""));
  BOOST_TEST(has(plot, "data-xs=\"1 2 4\" data-ys=\"2 1 0\""));
  BOOST_TEST(has(plot, "data-x=\"0 4\" data-y=\"0 2.08\""));
  // One point alone is no line, and gets a dot.
  BOOST_TEST(count_of(plot, "<circle") == 1u);
  BOOST_TEST(has(plot_of(c, {&moment::rows, false}), "data-x=\"0 400\""));
}

BOOST_AUTO_TEST_CASE(events_are_told_and_bounded) {
  const happening move{3, "rebalanced", {{"from", 1}, {"to", 0}, {"rows", 160}}, false};
  BOOST_TEST(tell(move).text == "160 rows moved from worker 1 to worker 0");
  BOOST_TEST(!tell(move).trouble);
  const happening lost{4, "worker_lost", {{"worker", 2}, {"reason", "it\nbroke"}}, false};
  BOOST_TEST(tell(lost).text == "Worker 2 was lost: it\nbroke");
  BOOST_TEST(tell(lost).trouble);
  const happening left{9, "node_lost", {{"node", "a"}, {"reason", "it ended by itself"}}, true};
  BOOST_TEST(!tell(left).trouble);
  BOOST_TEST(tell({1, "new_thing", {{"size", 3}}, false}).text == "new_thing: size 3");

  std::vector<happening> many(5000, move);
  many[2000] = lost;
  const auto told = tell_all(many, 100);
  BOOST_TEST_REQUIRE(told.size() == 3u);
  BOOST_TEST(told[0].text == "2,000 moves of 320,000 rows in all");
  BOOST_TEST(told[1].trouble);
  BOOST_TEST(tell_all(std::vector<happening>(5000, lost), 100).size() == 101u);
}

BOOST_AUTO_TEST_CASE(settings_have_paths) {
  const auto all = flat_settings(
      "name: a\nmodel:\n  input: [2, 3]\n  layers:\n    - flatten\n    - dense: {units: 3}\n", "j");
  words flat;
  for (const auto& [key, value] : all) flat.push_back(key + "=" + value);
  BOOST_TEST(flat == (words{"name=a", "model.input=[2, 3]", "model.layers.0=flatten",
                            "model.layers.1.dense.units=3"}),
             each);
}

BOOST_AUTO_TEST_SUITE_END()
