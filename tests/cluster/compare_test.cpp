#include <signal.h>

#include <algorithm>

#include "cluster/workspace.hpp"

using namespace troupe::testing;

namespace {

const std::string job_name = "job.yaml";

outcome compare(const workspace& here, const std::vector<std::string>& more) {
  here.write(job_name, quick_job);
  std::vector<std::string> arguments = {"compare", job_name};
  arguments.insert(arguments.end(), more.begin(), more.end());
  process_options options;
  options.folder = here.path();
  return run_troupe(arguments, options);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compare_command)

BOOST_AUTO_TEST_CASE(every_setting_is_a_row_a_curve_and_a_run) {
  const workspace here;
  const outcome done = compare(
      here, {"--protocols", "downpour, agn,sequential,adag", "--workers", "1,2", "--run", "all"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  // adag under both of its names is one, and sequential has one worker however many are asked for.
  const std::vector<std::string> runs = {"downpour-1", "downpour-2", "adag-1", "adag-2",
                                         "sequential-1"};
  const auto table = here.json("all/table.json");
  BOOST_TEST_REQUIRE(table["runs"].size() == runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    BOOST_TEST_CONTEXT(runs[i]) {
      const auto& run = table["runs"][i];
      BOOST_CHECK_EQUAL(run["folder"], "all/" + runs[i]);
      BOOST_CHECK_EQUAL(run["stopped_by"], "epochs");
      BOOST_CHECK(run["failure"].is_null());
      BOOST_CHECK(run["summary"] == here.json("all/" + runs[i] + "/summary.json"));
      BOOST_CHECK_EQUAL(run["summary"]["rows_trained"], 800);
      BOOST_CHECK_EQUAL(runs[i], run["protocol"].get<std::string>() + "-" +
                                     std::to_string(run["workers"].get<int>()));
      BOOST_CHECK(here.has("all/" + runs[i] + "/model.troupe"));
    }
  }
  const std::vector<std::string> lines = lines_of(done.out);
  BOOST_CHECK_EQUAL(lines[0].rfind("protocol", 0), 0u);
  for (const char* column : {"samples/s", "MB sent", "mean staleness", "test accuracy"}) {
    BOOST_CHECK_MESSAGE(has(lines[0], column), column);
  }
  BOOST_CHECK_EQUAL(lines[1].rfind("downpour    1  ", 0), 0u);
  BOOST_CHECK_EQUAL(lines[5].rfind("sequential  1  ", 0), 0u);
  const std::string left_out =
      "sequential leaves out optimizer.communication_window (it changes nothing for sequential)";
  BOOST_CHECK_EQUAL(lines[6], left_out);
  BOOST_CHECK_EQUAL(lines[7], "tables and curves: all");
  BOOST_CHECK_EQUAL(count_of(done.err, left_out), 1u);
  BOOST_CHECK(has(done.err, "[5/5] sequential, 1 worker"));

  const std::string markdown = here.read("all/table.md");
  BOOST_CHECK(has(markdown, "\n| adag | 2 | asynchronous | none |"));
  BOOST_CHECK(has(markdown, "\n- " + left_out));
  const std::string page = here.read("all/compare.html");
  for (const char* name : {"downpour, 1 worker", "downpour, 2 workers", "adag, 1 worker",
                           "adag, 2 workers", "sequential, 1 worker"}) {
    // Losses and accuracies, of training and test, over seconds and over rows; losses twice.
    BOOST_CHECK_EQUAL(count_of(page, std::string("<title>") + name + "</title>"), 12u);
    BOOST_CHECK(has(page, std::string("</svg>") + name + "</li>"));
  }
  BOOST_CHECK(has(page, "<td>optimizer.protocol</td><td>downpour</td>"));
  BOOST_CHECK(has(page, "<li>" + left_out + "</li>"));
}

BOOST_AUTO_TEST_CASE(without_workers_it_is_the_jobs_number_and_runs_is_the_folder) {
  const workspace here;
  const outcome done =
      compare(here, {"--protocols", "dynsgd", "--json", "--quiet", "--set", "actors.workers=3"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  BOOST_CHECK_EQUAL(done.err, "");
  BOOST_TEST_REQUIRE(lines_of(done.out).size() == 1u);
  const auto table = nlohmann::json::parse(done.out);
  BOOST_CHECK_EQUAL(table["runs"][0]["workers"], 3);
  const std::string folder = table["folder"];
  BOOST_CHECK_EQUAL(folder.rfind("runs/quick-compare-20", 0), 0u);
  const std::vector<std::string> files = {"compare.html", "dynsgd-3", "table.json", "table.md"};
  BOOST_TEST(names_in(here / folder) == files, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_does_not_go_with_a_protocol_is_left_out_and_said) {
  const workspace here;
  const outcome done =
      compare(here, {"--protocols", "dynsgd,eamsgd", "--run", "all", "--quiet", "--set",
                     "optimizer.alpha=0.1", "--set", "optimizer.compression=float16", "--set",
                     "training.epochs=2"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  for (const std::string line :
       {"dynsgd leaves out optimizer.alpha (dynsgd has no such option)",
        "eamsgd leaves out optimizer.gradient_rule (eamsgd has a rule of its own)"}) {
    BOOST_CHECK_MESSAGE(has(done.err, "troupe: " + line + "\n"), done.err);
    BOOST_CHECK_MESSAGE(has(done.out, "\n" + line + "\n"), done.out);
  }
  BOOST_CHECK(has(here.read("all/eamsgd-2/job.yaml"), "alpha: 0.1"));
  for (const char* run : {"all/dynsgd-2/job.yaml", "all/eamsgd-2/job.yaml"}) {
    BOOST_CHECK(has(here.read(run), "compression: {name: float16"));
    BOOST_CHECK(has(here.read(run), "epochs: 2"));
  }
}

BOOST_AUTO_TEST_CASE(recommended_settings_stand_above_the_job_and_below_the_options) {
  const workspace here;
  const std::string rule = "gradient_rule: {name: adam, learning_rate: 0.002}";
  std::string text = quick_job;
  const std::string job =
      here.write(job_name, text.replace(text.find(rule), rule.size(), "gradient_rule: sgd"));
  const auto trained_as = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"compare", job,     "--protocols", "adag",
                                          "--quiet", "--run", here / name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const outcome done = run_troupe(arguments);
    BOOST_CHECK_MESSAGE(done.status == 0, done.err);
    return here.read(name + "/adag-2/job.yaml");
  };
  const std::string set = "optimizer.communication_window=3";
  BOOST_CHECK(has(trained_as("a", {"--set", set}), "gradient_rule: {name: sgd"));
  const std::string recommended = trained_as("b", {"--recommended", "--set", set});
  BOOST_CHECK_MESSAGE(has(recommended, "gradient_rule: {name: adam"), recommended);
  BOOST_CHECK(has(recommended, "communication_window: 3"));
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_is_a_row_and_the_others_still_run) {
  const workspace here;
  const outcome done =
      compare(here, {"--protocols", "eamsgd,adag", "--workers", "1", "--run", "all", "--set",
                     "optimizer.learning_rate=1e30", "--output", "page.html"});
  BOOST_CHECK_EQUAL(done.status, 1);
  const auto table = here.json("all/table.json");
  BOOST_TEST_REQUIRE(table["runs"].size() == 2u);
  BOOST_CHECK_EQUAL(table["runs"][0]["stopped_by"], "diverged");
  const std::string reason = table["runs"][0]["failure"];
  BOOST_CHECK(!reason.empty());
  BOOST_CHECK_MESSAGE(has(done.err, "troupe: eamsgd, 1 worker: " + reason), done.err);
  BOOST_CHECK_MESSAGE(has(done.out, "\neamsgd, 1 worker: " + reason), done.out);
  BOOST_CHECK_EQUAL(table["runs"][1]["stopped_by"], "epochs");
  BOOST_CHECK(has(here.read("page.html"), "<title>adag, 1 worker</title>"));
  BOOST_CHECK(!here.has("all/compare.html"));
  BOOST_CHECK(has(done.out, "\npage: page.html\n"));
}

BOOST_AUTO_TEST_CASE(a_signal_ends_it_with_the_table_of_what_is_there) {
  const workspace here;
  const std::string job = here.write(job_name, quick_job);
  process running({"compare", job, "--protocols", "downpour,adag", "--run", here / "all", "--set",
                   "training.epochs=1000000", "--set", "training.evaluate_every=1000"});
  BOOST_REQUIRE(running.wait_for("training with"));
  running.signal(SIGINT);
  const outcome done = running.wait();
  BOOST_CHECK_EQUAL(done.status, 130);
  BOOST_CHECK_MESSAGE(has(done.out, "1 of 2 settings were not run"), done.out);
  const auto table = here.json("all/table.json");
  BOOST_TEST_REQUIRE(table["runs"].size() == 1u);
  BOOST_CHECK_EQUAL(table["runs"][0]["stopped_by"], "interrupted");
  BOOST_CHECK(here.has("all/downpour-2/summary.json"));
  BOOST_CHECK(!here.has("all/adag-2"));
}

BOOST_AUTO_TEST_CASE(what_cannot_run_is_said_before_anything_does) {
  const workspace here;
  const auto refused = [&](const std::vector<std::string>& arguments, int status,
                           const std::string& expected) {
    BOOST_TEST_CONTEXT(expected) {
      check_complaint(compare(here, arguments), status, expected);
      BOOST_CHECK(!here.has("all"));
      BOOST_CHECK(!here.has("runs"));
    }
  };
  refused({"--protocols", "adag", "--output", "no/such/page.html"}, 2,
          "--output: there is no folder no/such");
  refused({}, 2, "--protocols is required");
  refused({"--protocols", "adag,dowpour", "--run", "all"}, 2,
          "--protocols: unknown protocol 'dowpour'; did you mean 'downpour'?");
  refused({"--protocols", "adag,"}, 2, "--protocols: unknown protocol ''");
  refused({"--protocols", "adag", "--workers", "1,none"}, 2, "--workers: 'none' is no number of");
  refused({"--protocols", "adag", "--workers", "0"}, 2, "expected numbers from 1 to 4096");
  refused({"--protocols", "adag", "--set", "optimizer.alhpa=1", "--run", "all"}, 2,
          "--set optimizer.alhpa=1: unknown key");
  refused({"--protocols", "downpour,easgd", "--set", "optimizer.alpha=7", "--run", "all"}, 2,
          "--set optimizer.alpha=7: 'alpha' must be at least 0 and at most 1, not 7 (as easgd)");
  refused({"--protocols", "adag", "--set", "data.train={format: csv, path: missing.csv}"}, 3,
          "missing.csv");
}

BOOST_AUTO_TEST_CASE(a_folder_with_results_is_left_alone) {
  const workspace here;
  const std::vector<std::string> arguments = {"--protocols", "adag", "--run", "all"};
  BOOST_TEST_REQUIRE(compare(here, arguments).status == 0);
  const std::string table = here.read("all/table.json");
  check_complaint(compare(here, arguments), 2, "all: the folder holds a comparison already (table");
  BOOST_CHECK_EQUAL(here.read("all/table.json"), table);
  check_complaint(compare(here, {"--protocols", "adag", "--run", "all/adag-2"}), 2,
                  "all/adag-2: the folder holds a run already");
}

BOOST_AUTO_TEST_SUITE_END()
