#include "cluster/workspace.hpp"

using namespace troupe::testing;

namespace {

const std::vector<std::string> short_digits = {
    "train", digits_job, "--set", "data.train.rows=2000", "--set", "training.epochs=1"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(train_command)

BOOST_AUTO_TEST_CASE(a_run_leaves_its_files_and_prints_its_results) {
  const workspace here;
  const outcome done = run_troupe(with(short_digits, {"--run", here / "run"}));
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  for (const char* name :
       {"job.yaml", "summary.json", "history.jsonl", "events.jsonl", "model.troupe"}) {
    BOOST_CHECK_MESSAGE(here.has(std::string("run/") + name), name);
  }
  for (const char* word : {"1600 rows", "stopped by epochs", "test_accuracy", "test_loss"}) {
    BOOST_CHECK_MESSAGE(done.out.find(word) != std::string::npos, word << " in " << done.out);
  }
  // Not a terminal: whole lines, no bar.
  BOOST_CHECK_MESSAGE(done.err.find("training with 2 workers") != std::string::npos, done.err);
  BOOST_CHECK_MESSAGE(done.err.find("test loss") != std::string::npos, done.err);
  BOOST_CHECK(done.err.find('\r') == std::string::npos);
  BOOST_CHECK(done.err.find('\033') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_summary_has_every_key_and_history_and_events_agree_with_it) {
  const workspace here;
  const outcome done = run_troupe(with(short_digits, {"--run", here / "run"}));
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  const auto summary = here.json("run/summary.json");
  for (const char* key : {"name",
                          "protocol",
                          "consistency",
                          "compression",
                          "workers",
                          "parameter_servers",
                          "nodes",
                          "parameters",
                          "epochs",
                          "rows_trained",
                          "rows_repeated",
                          "rows_per_epoch",
                          "commits",
                          "bytes_sent",
                          "bytes_received",
                          "mean_staleness",
                          "rebalances",
                          "seconds",
                          "samples_per_second",
                          "train_loss",
                          "test_loss",
                          "test_accuracy",
                          "stopped_by",
                          "seed",
                          "version",
                          "per_worker",
                          "reproducible"}) {
    BOOST_CHECK_MESSAGE(summary.contains(key), key);
  }
  BOOST_CHECK_EQUAL(summary["stopped_by"], "epochs");
  BOOST_CHECK_EQUAL(summary["seed"], 7);
  BOOST_CHECK_EQUAL(summary["rows_trained"], 1600);
  BOOST_CHECK_EQUAL(summary["rows_per_epoch"], 1600);
  // Every commit carries the whole parameter vector, in floats, and so does its answer.
  const std::uint64_t payload = summary["parameters"].get<std::uint64_t>() * 4;
  BOOST_CHECK_EQUAL(summary["bytes_sent"], summary["commits"].get<std::uint64_t>() * payload);
  std::uint64_t rows = 0, commits = 0;
  for (const auto& worker : summary["per_worker"]) {
    rows += worker["rows"].get<std::uint64_t>();
    commits += worker["commits"].get<std::uint64_t>();
    BOOST_CHECK_EQUAL(worker["bytes_sent"], worker["commits"].get<std::uint64_t>() * payload);
    for (const char* key : {"mini_batches", "seconds", "bytes_received", "mean_staleness"}) {
      BOOST_CHECK(worker.contains(key));
    }
  }
  BOOST_CHECK_EQUAL(rows, 1600u);
  BOOST_CHECK_EQUAL(commits, summary["commits"].get<std::uint64_t>());

  bool evaluated = false;
  for (const auto& line : here.json_lines("run/history.jsonl")) {
    for (const char* key : {"time", "epoch", "rows", "loss", "accuracy"}) {
      BOOST_CHECK_MESSAGE(line.contains(key), key << " in " << line);
    }
    if (line.value("evaluation", false)) {
      evaluated = true;
      BOOST_CHECK_EQUAL(line["loss"], summary["test_loss"]);
    } else {
      for (const char* key : {"worker", "staleness", "samples_per_second"}) {
        BOOST_CHECK_MESSAGE(line.contains(key), key << " in " << line);
      }
    }
  }
  BOOST_CHECK(evaluated);
  std::vector<std::string> events;
  for (const auto& line : here.json_lines("run/events.jsonl")) {
    BOOST_CHECK(line.contains("time"));
    if (line["event"] != "rebalanced") events.push_back(line["event"]);
  }
  const std::vector<std::string> expected = {"worker_joined", "worker_joined", "started",
                                             "stopped"};
  BOOST_TEST(events == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_job_in_the_folder_trains_again) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  BOOST_TEST_REQUIRE(run_troupe({"train", job, "--run", here / "a"}).status == 0);
  const outcome again = run_troupe({"train", here / "a/job.yaml", "--run", here / "b"});
  BOOST_TEST_REQUIRE(again.status == 0, again.err);
  BOOST_CHECK_EQUAL(here.read("a/job.yaml"), here.read("b/job.yaml"));
}

BOOST_AUTO_TEST_CASE(json_is_one_object_and_quiet_is_silent) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  const outcome done = run_troupe({"train", job, "--json", "--quiet", "--run", here / "run"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  BOOST_CHECK_EQUAL(done.err, "");
  BOOST_TEST_REQUIRE(lines_of(done.out).size() == 1u);
  BOOST_CHECK(nlohmann::json::parse(done.out) == here.json("run/summary.json"));
}

BOOST_AUTO_TEST_CASE(a_terminal_shows_a_bar_that_is_gone_in_the_end) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  for (const int columns : {200, 80, 30, 8}) {
    BOOST_TEST_CONTEXT(columns << " columns") {
      process_options options;
      options.terminal = true;
      options.columns = columns;
      const outcome done = run_troupe(
          {"train", job, "--set", "training.epochs=3", "--run", here / std::to_string(columns)},
          options);
      BOOST_TEST_REQUIRE(done.status == 0, done.err);
      const std::size_t bar = done.err.find("\r\033[K");
      BOOST_TEST_REQUIRE(bar != std::string::npos, done.err);
      if (columns >= 80) {
        BOOST_CHECK_MESSAGE(done.err.find("rows/s") != std::string::npos, done.err);
        BOOST_CHECK_MESSAGE(done.err.find('[', bar + 4) != std::string::npos, done.err);
      }
      // The last thing written is not a bar.
      const std::size_t last = done.err.rfind("\r\033[K");
      BOOST_CHECK(done.err.find("rows/s", last) == std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(without_a_folder_a_run_goes_to_runs) {
  const workspace here;
  here.write("job.yaml", quick_job);
  process_options options;
  options.folder = here.path();
  for (int i = 0; i < 2; ++i) {
    const outcome done = run_troupe({"train", "job.yaml"}, options);
    BOOST_TEST_REQUIRE(done.status == 0, done.err);
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(here / "runs")) {
    names.push_back(entry.path().filename());
    BOOST_CHECK(std::filesystem::exists(entry.path() / "summary.json"));
  }
  BOOST_CHECK_EQUAL(names.size(), 2u);
  for (const std::string& name : names) BOOST_CHECK_EQUAL(name.rfind("quick-20", 0), 0u);
}

BOOST_AUTO_TEST_CASE(a_folder_with_a_run_is_refused_and_left_alone) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  BOOST_TEST_REQUIRE(run_troupe({"train", job, "--run", here / "run"}).status == 0);
  const std::string summary = here.read("run/summary.json");
  const std::string history = here.read("run/history.jsonl");
  const outcome again = run_troupe({"train", job, "--set", "seed=4", "--run", here / "run"});
  check_complaint(again, 2, here / "run: the folder holds a run already");
  BOOST_CHECK_EQUAL(here.read("run/summary.json"), summary);
  BOOST_CHECK_EQUAL(here.read("run/history.jsonl"), history);
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_fails_the_run) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  check_complaint(run_troupe({"train", job, "--run", "/proc/troupe/run"}), 1,
                  "/proc/troupe/run: cannot make the folder");
  here.write("file", "");
  check_complaint(run_troupe({"train", job, "--run", here / "file"}), 1, here / "file: ");
}

BOOST_AUTO_TEST_SUITE_END()
