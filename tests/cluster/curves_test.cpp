// The table and the page of a comparison, from numbers at hand.

#include "cli/curves.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "cli/comparison.hpp"
#include "cli/text.hpp"

using namespace troupe::cli;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

page_content two_curves() {
  page_content content;
  content.title = "digits";
  content.curves = {
      {"adag, 1 worker",
       {{1, 100, 2.0}, {2, 200, 1.0}},
       {{2, 200, 0.8}},
       {{1, 100, 0.5}, {2, 200, 0.75}}},
      {"downpour, 2 workers", {{1, 150, 1.5}, {4, 300, 0.5}}, {{4, 300, 0.4}}, {{4, 300, 0.9}}}};
  content.table = {{"protocol", "workers", "loss", "stopped by"}, {"adag", "1", "0.8", "epochs"}};
  content.first_number = 1;
  return content;
}

comparison two_runs() {
  comparison all;
  all.job = "digits";
  all.planned = 3;
  compared_run run;
  run.protocol = "adag";
  run.workers = 2;
  run.consistency = "bounded";
  run.compression = "top_k";
  run.stopped_by = "epochs";
  run.summary = {{"seconds", 1.25},        {"samples_per_second", 1234.4},
                 {"rows_trained", 1600},   {"commits", 80},
                 {"bytes_sent", 2500000},  {"bytes_received", 510000},
                 {"mean_staleness", 0.96}, {"train_loss", 0.5},
                 {"test_loss", nullptr},   {"test_accuracy", 0.875}};
  all.runs.push_back(run);
  run.protocol = "eamsgd";
  run.workers = 1;
  run.summary = nullptr;
  run.stopped_by = "failed";
  run.failure = "worker 0: a|b";
  all.runs.push_back(run);
  all.left_out = {"eamsgd leaves out optimizer.gradient_rule (it has its own)"};
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(curves)

BOOST_AUTO_TEST_CASE(ticks_are_round_numbers_inside) {
  using numbers = std::vector<double>;
  BOOST_TEST(round_ticks(0, 10, 5) == (numbers{0, 2, 4, 6, 8, 10}),
             boost::test_tools::per_element());
  BOOST_TEST(round_ticks(0, 1, 4) == (numbers{0, 0.25, 0.5, 0.75, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(round_ticks(130, 260, 5) == (numbers{150, 200, 250}),
             boost::test_tools::per_element());
  BOOST_TEST(round_ticks(-2, 2, 4) == (numbers{-2, -1, 0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(round_ticks(3, 3, 5) == (numbers{3}), boost::test_tools::per_element());
  BOOST_TEST(round_ticks(0, no_number, 5).size() == 1u);
  BOOST_TEST(tick_text(0.25) == "0.25");
  BOOST_TEST(tick_text(0) == "0");
  BOOST_TEST(tick_text(7200) == "7200");
  BOOST_TEST(tick_text(25000) == "25k");
  BOOST_TEST(tick_text(1500000) == "1.5M");
  BOOST_TEST(tick_text(-2e10) == "-20G");
}

BOOST_AUTO_TEST_CASE(reports_that_came_together_are_one_point) {
  const std::vector<curve_point> points = {{0.1, 10, 4}, {0.9, 20, 2}, {1.0, 30, 5}, {3.5, 50, 1}};
  const auto bins = binned(points, &curve_point::seconds, 1);
  BOOST_TEST_REQUIRE(bins.size() == 3u);
  BOOST_TEST(bins[0].seconds == 0.5);
  BOOST_TEST(bins[0].rows == 15);
  BOOST_TEST(bins[0].value == 3);
  BOOST_TEST(bins[1].value == 5);
  BOOST_TEST(bins[2].seconds == 3.5);
  BOOST_TEST(binned(points, &curve_point::rows, 100).size() == 1u);
  BOOST_TEST(binned({{no_number, 1, 1}, {1, 1, 1}}, &curve_point::seconds, 1).size() == 1u);
  BOOST_TEST(binned({}, &curve_point::seconds, 1).empty());
}

BOOST_AUTO_TEST_CASE(a_page_has_every_curve_in_every_chart_and_needs_nothing_else) {
  const std::string page = curves_page(two_curves());
  BOOST_TEST(count_of(page, "<figure>") == 4u);
  BOOST_TEST(count_of(page, "<title>adag, 1 worker</title>") == 4u);
  BOOST_TEST(count_of(page, "<title>downpour, 2 workers</title>") == 4u);
  // A colour for each: four charts and the legend.
  BOOST_TEST(count_of(page, "class=\"curve\" stroke=\"var(--c0)\"") == 5u);
  BOOST_TEST(count_of(page, "class=\"curve\" stroke=\"var(--c1)\"") == 5u);
  BOOST_TEST(count_of(page, "<li><svg") == 2u);
  BOOST_TEST(has(page, "</svg>adag, 1 worker</li>"));
  BOOST_TEST(has(page, "prefers-color-scheme: dark"));
  BOOST_TEST(has(page, "Accuracy of evaluations over rows"));
  BOOST_TEST(!has(page, "Loss of evaluations"));
  for (const char* foreign : {"<script", "http", "src=", "@import", "<link"}) {
    BOOST_TEST(!has(page, foreign));
  }
  BOOST_TEST(count_of(page, "<svg") == count_of(page, "</svg>"));
  BOOST_TEST(has(page, "<td>adag</td><td class=\"number\">1</td><td class=\"number\">0.8</td>"));
}

BOOST_AUTO_TEST_CASE(points_lie_where_their_numbers_say) {
  // The plot is 58 to 606 wide and 14 to 296 high; seconds go to 4, the loss from 0 to 2.08.
  const std::string page = curves_page(two_curves());
  const std::string loss_over_seconds = page.substr(page.find("<figure>"));
  // 58 + 548 / 4 = 195, 58 + 548 / 2 = 332; 296 - 282 * 2 / 2.08 = 24.8, 296 - 282 / 2.08 = 160.4
  BOOST_TEST(has(loss_over_seconds, "d=\"M195.0 24.8L332.0 160.4\""));
}

BOOST_AUTO_TEST_CASE(without_accuracy_the_loss_is_shown_and_empty_charts_are_not) {
  page_content content = two_curves();
  for (curve& c : content.curves) {
    for (curve_point& p : c.evaluated_accuracy) p.value = no_number;
  }
  const std::string page = curves_page(content);
  BOOST_TEST(has(page, "Loss of evaluations over seconds"));
  BOOST_TEST(!has(page, "Accuracy"));
  for (curve& c : content.curves) c.evaluated_loss.clear();
  BOOST_TEST(count_of(curves_page(content), "<figure>") == 2u);
  BOOST_TEST(count_of(curves_page({}), "<figure>") == 0u);
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_neither_breaks_nor_flattens_the_others) {
  page_content content = two_curves();
  content.curves[0].train_loss = {{1, 100, 2}, {2, 200, no_number}, {3, 300, 1e30}, {4, 400, 1}};
  const std::string page = curves_page(content);
  // A gap where there is no number: two lines in one path.
  const std::size_t at = page.find("<title>adag, 1 worker</title><path");
  const std::string path = page.substr(at, page.find("/>", at) - at);
  BOOST_TEST(count_of(path, "M") == 2u);
  BOOST_TEST(!has(page, "nan"));
  BOOST_TEST(!has(page, "inf"));
  BOOST_TEST(has(page, ">4</text>"));  // twice the first loss is still in the chart
  BOOST_TEST(!has(page, "e+"));
}

BOOST_AUTO_TEST_CASE(many_settings_have_looks_of_their_own) {
  page_content content;
  for (int i = 0; i < 30; ++i) {
    content.curves.push_back({std::to_string(i), {{1, 1, 1.0 * i}}, {}, {}});
  }
  const std::string page = curves_page(content);
  // Two charts and the legend for each look.
  for (const char* look :
       {"class=\"curve\" stroke=\"var(--c7)\"", "class=\"curve d1\" stroke=\"var(--c0)\"",
        "class=\"curve d3\" stroke=\"var(--c5)\""}) {
    BOOST_TEST(count_of(page, look) == 3u);
  }
}

BOOST_AUTO_TEST_CASE(text_cannot_break_out_of_the_page) {
  page_content content = two_curves();
  content.notes = {"<b>\"&\""};
  content.table[1][0] = "</table>";
  const std::string page = curves_page(content);
  BOOST_TEST(has(page, "<li>&lt;b&gt;&quot;&amp;&quot;</li>"));
  BOOST_TEST(has(page, "<td>&lt;/table&gt;</td>"));
}

BOOST_AUTO_TEST_CASE(the_table_has_every_number) {
  const comparison all = two_runs();
  const auto cells = cells_of(all);
  BOOST_TEST_REQUIRE(cells.size() == 3u);
  const std::vector<std::string> first = {"adag", "2",      "bounded", "top_k",  "1.25",
                                          "1234", "1600",   "80",      "2.50",   "0.51",
                                          "0.96", "0.5000", "-",       "0.8750", "epochs"};
  BOOST_TEST(cells[1] == first, boost::test_tools::per_element());
  BOOST_TEST(cells[0].size() == first.size());
  BOOST_TEST(cells[2][4] == "-");
  BOOST_TEST(cells[2].back() == "failed");
  const std::vector<std::string> notes = {
      "eamsgd, 1 worker: worker 0: a|b",
      "eamsgd leaves out optimizer.gradient_rule (it has its own)", "1 of 3 settings were not run"};
  BOOST_TEST(notes_of(all) == notes, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_forms_of_the_table) {
  const comparison all = two_runs();
  const std::string markdown = to_markdown(all);
  BOOST_TEST(has(markdown, "\n|---|---|---|---|---:|"));
  BOOST_TEST(has(markdown, "\n| adag | 2 | bounded | top_k | 1.25 | 1234 |"));
  BOOST_TEST(has(markdown, "\n- 1 of 3 settings were not run\n"));
  const auto json = to_json(all);
  BOOST_TEST(json["planned"] == 3);
  BOOST_TEST(json["runs"][0]["summary"]["commits"] == 80);
  BOOST_TEST(json["runs"][0]["failure"].is_null());
  BOOST_TEST(json["runs"][1]["summary"].is_null());
  BOOST_TEST(json["left_out"].size() == 1u);
  BOOST_TEST(has(to_text(all), "adag      2        bounded      top_k           1.25       1234"));
}

BOOST_AUTO_TEST_CASE(text_in_columns_and_lines) {
  BOOST_TEST(aligned({{"name", "n"}, {"a", "100"}, {"longer", "7"}}, 1) ==
             "name      n\na       100\nlonger    7\n");
  BOOST_TEST(aligned({{"a", "b"}, {"aa", ""}}, 2) == "a   b\naa\n");
  BOOST_TEST(wrapped("one two three", 2, 9) == "one two\n  three");
  BOOST_TEST(wrapped("  a   b ", 0, 80) == "a b");
  BOOST_TEST(wrapped("", 4) == "");
  const std::vector<std::string> parts = {"a", "b c", ""};
  BOOST_TEST(split("a, b c ,", ',') == parts, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
