// The table of a comparison, from numbers at hand.

#include "cli/comparison.hpp"

#include <boost/test/unit_test.hpp>

#include "cli/text.hpp"

using namespace troupe::cli;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
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

BOOST_AUTO_TEST_SUITE(comparisons)

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
