// Whole pages, of runs that were written by hand.

#include <fmt/format.h>

#include "cluster/report/html.hpp"
#include "cluster/workspace.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/report/page.hpp"

using namespace troupe;
using namespace troupe::page;
using namespace troupe::testing;

namespace {

std::string line_of(int worker, double time, int rows, double loss) {
  return fmt::format(
      "{{\"time\":{},\"worker\":{},\"epoch\":1,\"rows\":{},\"loss\":{},"
      "\"accuracy\":0.5,\"staleness\":1.5,\"samples_per_second\":100.0,"
      "\"bytes_sent\":1000,\"bytes_received\":2000}}\n",
      time, worker, rows, loss);
}

std::string history(int lines, int workers) {
  std::string out;
  for (int i = 0; i < lines; ++i) {
    out += line_of(i % workers, 0.25 * (i + 1), 20 * (i + 1), 2.0 / (i + 1));
  }
  return out + fmt::format(
                   "{{\"time\":{},\"evaluation\":true,\"part\":\"test\",\"epoch\":1,"
                   "\"rows\":{},\"loss\":0.25,\"accuracy\":0.75,\"auc\":0.875}}\n",
                   0.25 * lines, 20 * lines);
}

const std::string events =
    "{\"time\":0.0,\"event\":\"node_joined\",\"node\":\"<n0>\",\"host\":\"127.0.0.1\"}\n"
    "{\"time\":0.0,\"event\":\"worker_joined\",\"worker\":0,\"node\":\"<n0>\"}\n"
    "{\"time\":0.0,\"event\":\"worker_joined\",\"worker\":1,\"node\":\"n1\"}\n"
    "{\"time\":0.0,\"event\":\"started\",\"workers\":2,\"parameter_servers\":1}\n"
    "{\"time\":1.0,\"event\":\"rebalanced\",\"from\":1,\"to\":0,\"epoch\":1,\"rows\":40}\n"
    "{\"time\":1.5,\"event\":\"worker_lost\",\"worker\":1,\"reason\":\"</script><b>\"}\n"
    "{\"time\":2.0,\"event\":\"worker_joined\",\"worker\":1,\"incarnation\":2}\n"
    "{\"time\":2.5,\"event\":\"stopped\",\"reason\":\"epochs\",\"rows\":200}\n"
    "{\"time\":0.0,\"event\":\"node_lost\",\"node\":\"<n0>\",\"reason\":\"it ended by itself\"}\n";

const std::string summary =
    "{\"name\":\"hand\",\"protocol\":\"adag\",\"consistency\":\"asynchronous\","
    "\"compression\":\"none\",\"workers\":2,\"nodes\":2,\"parameters\":10,\"rows_trained\":200,"
    "\"commits\":10,\"bytes_sent\":5000,\"bytes_received\":6000,\"seconds\":2.5,"
    "\"test_accuracy\":0.75,\"stopped_by\":\"epochs\",\"per_worker\":["
    "{\"worker\":0,\"mini_batches\":5,\"rows\":150,\"commits\":5,\"seconds\":2.0},"
    "{\"worker\":1,\"mini_batches\":5,\"rows\":50,\"commits\":5,\"seconds\":1.0}]}\n";

const std::string job = "name: hand\ntraining: {epochs: 1}\nmodel:\n  note: \"<&>\"\n";

/// A run as its files are, in a workspace.
void write_run(const workspace& here, const std::string& name, const std::string& lines) {
  std::filesystem::create_directories(here / name);
  here.write(name + "/history.jsonl", lines);
  here.write(name + "/events.jsonl", events);
  here.write(name + "/summary.json", summary);
  here.write(name + "/job.yaml", job);
}

void check_well(const std::string& text) {
  BOOST_TEST(html_problem(text) == "");
  for (const char* foreign : {"http:", "https:", " src=", "@import", "<link", "url("}) {
    // The name of SVG's elements is no address that anybody asks.
    std::string rest = text;
    const std::string name = "'http://www.w3.org/2000/svg'";
    const std::size_t at = rest.find(name);
    if (at != std::string::npos) rest.erase(at, name.size());
    BOOST_TEST(!has(rest, foreign), foreign);
  }
  BOOST_TEST(!has(text, "nan"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(report_pages)

BOOST_AUTO_TEST_CASE(a_page_has_all_its_sections_and_needs_nothing_else) {
  const workspace here;
  write_run(here, "run", history(10, 2));
  const run_record run = read_run(here / "run");
  BOOST_TEST((run.state == standing::over));
  BOOST_TEST(run.problems.empty());
  BOOST_TEST(run.samples.size() == 10u);
  BOOST_TEST(run.evaluations.size() == 1u);
  const std::string text = run_page(run);
  check_well(text);
  for (const char* id : {"curves", "workers", "staleness", "traffic", "story", "job", "summary"}) {
    BOOST_TEST(count_of(text, fmt::format("<section id=\"{}\"", id)) == 1u, id);
    BOOST_TEST(count_of(text, fmt::format("<a href=\"#{}\"", id)) == 1u, id);
  }
  for (const char* said :
       {"all epochs trained", "<h3>Loss</h3>", "<h3>Accuracy</h3>", "<h3>Auc</h3>",
        "40 rows moved from worker 1 to worker 0", "prefers-color-scheme: dark",
        "Worker 1 was lost: &lt;/script&gt;&lt;b&gt;", "&lt;n0&gt;", "note: &quot;&lt;&amp;&gt;",
        "75.0 %", "Worker 1 came back"}) {
    BOOST_TEST(has(text, said), said);
  }
  // Over time and rows, the loss linearly and not; the accuracy linearly.
  BOOST_TEST(count_of(text, "class=\"plot by-rows log\"") == 1u);
  BOOST_TEST(count_of(text, "class=\"plot by-rows linear\"") == 3u);
  // A node that leaves when all is over is no trouble.
  BOOST_TEST(count_of(text, "class=\"trouble\"") == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_under_way_and_one_that_was_killed_have_pages) {
  const workspace here;
  write_run(here, "run", history(4, 2) + "{\"time\":3.0,\"wor");
  std::filesystem::remove(here / "run/summary.json");
  const run_record run = read_run(here / "run");
  BOOST_TEST((run.state == standing::cut_short));
  BOOST_TEST_REQUIRE(run.problems.size() == 1u);
  BOOST_TEST(run.problems[0] == "the last line of history.jsonl is torn and left out");
  BOOST_TEST(run.samples.size() == 4u);
  const std::string text = run_page(run);
  check_well(text);
  BOOST_TEST(has(text, ">cut short</span>"));
  BOOST_TEST(has(text, "rows so far"));
  BOOST_TEST(has(text, "is torn and left out"));
}

BOOST_AUTO_TEST_CASE(damaged_lines_and_missing_files_are_said) {
  const workspace here;
  std::filesystem::create_directories(here / "run");
  here.write("run/history.jsonl",
             "no json\n[]\n{\"time\":1}\n" + line_of(0, 1, 20, 1) +
                 "{\"time\":2.0,\"worker\":-1,\"rows\":20}\n{\"time\":\"x\"}\n\n");
  here.write("run/summary.json", "{\"name\": \"tor");
  here.write("run/job.yaml", "name: [a\n");
  const run_record run = read_run(here / "run");
  BOOST_TEST(run.samples.size() == 1u);
  BOOST_TEST(run.name == "run");
  const std::string all = fmt::format("{}", fmt::join(run.problems, "\n"));
  BOOST_TEST(has(all, "summary.json is damaged"), all);
  BOOST_TEST(has(all, "job.yaml is damaged: job.yaml:"), all);
  BOOST_TEST(
      has(all, "5 lines of history.jsonl cannot be read and are left out; the first is line 1"),
      all);
  BOOST_TEST(has(all, "events.jsonl is missing"), all);
  check_well(run_page(run));
}

BOOST_AUTO_TEST_CASE(what_holds_no_run_is_refused) {
  const workspace here;
  here.write("file", "");
  const auto refused = [&](const std::string& path, const std::string& why) {
    BOOST_CHECK_EXCEPTION(read_run(path), error, [&](const error& e) {
      return e.kind() == error_kind::job && has(e.what(), why);
    });
  };
  refused(here.path(), "holds no run");
  refused(here / "nowhere", "there is no such folder");
  refused(here / "file", "is no folder of a run");
  std::filesystem::create_directories(here / "empty");
  here.write("empty/job.yaml", "");
  refused(here / "empty", "holds no run");
  here.write("empty/history.jsonl", "");
  check_well(run_page(read_run(here / "empty")));
}

BOOST_AUTO_TEST_CASE(absurd_numbers_and_depths_break_nothing) {
  const workspace here;
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  write_run(here, "run",
            line_of(0, 1e200, 2000000000, 1e308) + line_of(0, 1e305, 1, -1e299) +
                line_of(0, -5, 0, 1e-320));
  here.write("run/events.jsonl", "{\"time\":1,\"event\":\"odd\",\"a\":" + deep + "}\n");
  here.write("run/summary.json", "{\"seconds\":1e999,\"name\":\"a\"}");
  check_well(run_page(read_run(here / "run")));
  here.write("run/summary.json", "{\"name\":\"a\",\"x\":" + deep + "}");
  const std::string text = run_page(read_run(here / "run"));
  check_well(text);
  BOOST_TEST(!has(text, "inf "));
}

BOOST_AUTO_TEST_CASE(a_very_long_run_has_a_page_of_a_few_megabytes) {
  const workspace here;
  write_run(here, "run", history(100000, 100));
  std::string many;
  for (int i = 0; i < 50000; ++i) {
    many += fmt::format(
        "{{\"time\":{},\"event\":\"{}\",\"from\":{},\"to\":1,\"rows\":4,"
        "\"worker\":{}}}\n",
        i, i % 3 == 0 ? "rebalanced" : "worker_suspected", i % 100, i % 100);
  }
  here.write("run/events.jsonl", many);
  const std::string text = run_page(read_run(here / "run"));
  check_well(text);
  BOOST_TEST(text.size() < 3u << 20);
  BOOST_TEST(has(text, "events left out here; events.jsonl has all"));
}

BOOST_AUTO_TEST_CASE(a_run_that_went_back_does_not_draw_back) {
  const workspace here;
  write_run(here, "run", history(10, 1) + line_of(0, 1.0, 100, 1) + line_of(0, 1.25, 120, 0.5));
  const std::string text = run_page(read_run(here / "run"));
  check_well(text);
  const std::size_t at = text.find("data-name=\"worker 0\" data-xs");
  BOOST_TEST_REQUIRE(at != std::string::npos);
  const std::size_t path = text.find("<path class=\"curve\" d=\"", at);
  BOOST_TEST(count_of(text.substr(path, text.find("/>", path) - path), "M") == 2u);
}

BOOST_AUTO_TEST_CASE(several_runs_lie_over_each_other) {
  const workspace here;
  write_run(here, "a", history(10, 2));
  write_run(here, "b", history(20, 2));
  here.write("b/job.yaml", "name: hand\ntraining: {epochs: 5}\nmodel:\n  note: \"<&>\"\n");
  const std::string text = compare_page(
      "<both>", {{"a", read_run(here / "a")}, {"b & c", read_run(here / "b")}}, {"a <note>"});
  check_well(text);
  for (const char* said : {"<h3>Training loss</h3>", "<h3>Test accuracy</h3>", "&lt;both&gt;",
                           "<td>training.epochs</td><td>1</td><td>5</td>", "a &lt;note&gt;",
                           "data-name=\"b &amp; c\""}) {
    BOOST_TEST(has(text, said), said);
  }
  BOOST_TEST(!has(text, "<td>model.note</td>"));
}

BOOST_AUTO_TEST_CASE(a_page_that_is_not_well_formed_is_noticed) {
  const std::string start = "<!DOCTYPE html>\n";
  BOOST_TEST(html_problem(start + "<p>a</p>") == "");
  for (const char* wrong : {"<p>a", "<p><b></p></b>", "<p a=b></p>", "<p>a & b</p>", "<p>\xFF</p>",
                            "<p id=\"a\"></p><p id=\"a\"></p>", "<p a=\"1\" a=\"2\"></p>"}) {
    BOOST_TEST(html_problem(start + wrong) != "", wrong);
  }
}

BOOST_AUTO_TEST_SUITE_END()
