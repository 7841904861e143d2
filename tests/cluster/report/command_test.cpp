// `troupe report` as its users start it, and its pages in a browser.

#include "cluster/report/html.hpp"
#include "cluster/workspace.hpp"

using namespace troupe::testing;

namespace {

outcome in(const workspace& here, const std::vector<std::string>& arguments) {
  process_options options;
  options.folder = here.path();
  return run_troupe(arguments, options);
}

void train(const workspace& here, const std::string& folder) {
  here.write("job.yaml", quick_job);
  const outcome done = in(here, {"train", "job.yaml", "--run", folder, "--quiet"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
}

std::string browser() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

/// A page as a browser has it after its script has run.
outcome browsed(const workspace& here, const std::vector<std::string>& more,
                const std::string& page) {
  process_options options;
  options.program = browser();
  // Of its own: nothing of the user's, and nothing that stays.
  options.environment = {"HOME=" + here.path(), "XDG_RUNTIME_DIR=" + here.path()};
  std::vector<std::string> arguments = {"--headless",           "--no-sandbox",
                                        "--disable-gpu",        "--disable-dev-shm-usage",
                                        "--disable-extensions", "--user-data-dir=" + (here / "b")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.push_back("file://" + page);
  return process(arguments, options).wait();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(report_command)

BOOST_AUTO_TEST_CASE(a_run_gets_a_page_in_its_folder_or_where_it_is_told) {
  const workspace here;
  train(here, "run");
  outcome done = in(here, {"report", "run"});
  BOOST_TEST(done.status == 0, done.err);
  BOOST_TEST(done.out == "run/report.html\n");
  BOOST_TEST(html_problem(here.read("run/report.html")) == "");
  BOOST_TEST(has(here.read("run/report.html"), "<section id=\"traffic\""));
  done = in(here, {"report", "run", "--output", "other.html"});
  BOOST_TEST(done.status == 0, done.err);
  BOOST_TEST(here.read("other.html") == here.read("run/report.html"));
  // The folder is still one that holds a run, and nothing else was left in it.
  for (const auto& entry : std::filesystem::directory_iterator(here / "run")) {
    BOOST_TEST(!has(entry.path().filename(), ".tmp"));
  }
  done = in(here, {"report", "run", "run", "--output", "both.html"});
  BOOST_TEST(done.status == 0, done.err);
  BOOST_TEST(html_problem(here.read("both.html")) == "");
}

BOOST_AUTO_TEST_CASE(event_files_for_tensorboard_are_written_where_the_job_says_so) {
  const workspace here;
  here.write("job.yaml", quick_job);
  const auto files = [&](const std::string& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(here / folder)) {
      const std::string name = entry.path().filename();
      if (name.rfind("events.out.tfevents.", 0) != 0) continue;
      ++count;
      const std::string bytes = here.read(folder + "/" + name);
      for (const char* tag :
           {"brain.Event:2", "training/loss", "worker_0/samples_per_second", "test/accuracy"}) {
        BOOST_TEST(has(bytes, tag), tag);
      }
    }
    return count;
  };
  for (const bool wanted : {false, true}) {
    const std::string folder = wanted ? "with" : "without";
    const outcome done = in(here, {"train", "job.yaml", "--run", folder, "--quiet", "--set",
                                   wanted ? "recorder.tensorboard=true" : "seed=4"});
    BOOST_TEST_REQUIRE(done.status == 0, done.err);
    BOOST_TEST(files(folder) == (wanted ? 1u : 0u));
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_one_line) {
  const workspace here;
  train(here, "run");
  check_complaint(in(here, {"report", "nowhere"}), 2, "nowhere: there is no such folder");
  check_complaint(in(here, {"report", "."}), 2, "holds no run");
  check_complaint(in(here, {"report"}), 2, "RUN is required");
  check_complaint(in(here, {"report", "run", "run"}), 2, "--output: is needed");
  check_complaint(in(here, {"report", "run", "--output", "no/such/folder.html"}), 1,
                  "no/such/folder.html");
}

BOOST_AUTO_TEST_CASE(a_browser_draws_the_page_and_runs_its_script) {
  if (browser().empty()) {
    BOOST_TEST_MESSAGE("skipped: there is no chromium");
    return;
  }
  const workspace here;
  train(here, "run");
  BOOST_TEST_REQUIRE(in(here, {"report", "run"}).status == 0);
  const std::string page = here / "run/report.html";
  const outcome seen = browsed(here, {"--dump-dom"}, page);
  BOOST_TEST(seen.status == 0, seen.err);
  // The script marks the page, and makes buttons of the legends' entries.
  BOOST_TEST(has(seen.out, "class=\"script\""));
  BOOST_TEST(has(seen.out, "<button type=\"button\" aria-pressed=\"true\">"));
  BOOST_TEST(!has(seen.err, "Uncaught"), seen.err);
  const outcome shot =
      browsed(here, {"--window-size=1200,2000", "--screenshot=" + (here / "page.png")}, page);
  BOOST_TEST(shot.status == 0, shot.err);
  const std::string picture = here.read("page.png");
  BOOST_TEST(picture.rfind("\x89PNG", 0) == 0u);
  // A page that failed to draw would be one colour, which is a few kilobytes.
  BOOST_TEST(picture.size() > 40000u);
}

BOOST_AUTO_TEST_SUITE_END()
