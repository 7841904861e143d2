#include "cluster/workspace.hpp"

using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(a_run_that_diverges_says_where) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  const outcome done =
      run_troupe({"train", job, "--quiet", "--json", "--run", here / "run", "--set",
                  "optimizer.gradient_rule={name: sgd, learning_rate: 1.0e+30}"});
  BOOST_CHECK_EQUAL(done.status, 1);
  BOOST_REQUIRE_EQUAL(lines_of(done.err).size(), 1u);
  BOOST_CHECK_MESSAGE(done.err.find("diverged at its mini-batch") != std::string::npos, done.err);
  const auto summary = here.json("run/summary.json");
  BOOST_CHECK_EQUAL(summary["stopped_by"], "diverged");
  BOOST_CHECK(nlohmann::json::parse(done.out) == summary);
  bool told = false;
  for (const auto& event : here.json_lines("run/events.jsonl")) {
    if (event["event"] != "diverged") continue;
    told = true;
    BOOST_CHECK_LT(event["worker"].get<int>(), 2);
    BOOST_CHECK(event.contains("mini_batch"));
    BOOST_CHECK_EQUAL(event["epoch"], 1);
  }
  BOOST_CHECK(told);
  // Not-a-number is null, in every file.
  for (const char* file : {"run/summary.json", "run/history.jsonl", "run/events.jsonl"}) {
    const std::string text = here.read(file);
    BOOST_CHECK(text.find("nan") == std::string::npos && text.find("inf") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_may_go_back) {
  const workspace here;
  const outcome done =
      run_troupe({"train", here.write("job.yaml", quick_job), "--quiet", "--run", here / "run",
                  "--set", "optimizer.gradient_rule={name: sgd, learning_rate: 1.0e+30}", "--set",
                  "supervisor.divergence={go_back: 40, rate: 1.0e-3}"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  const auto s = here.json("run/summary.json");
  BOOST_CHECK_EQUAL(s["stopped_by"], "epochs");
  BOOST_CHECK_EQUAL(s["rows_trained"], s["rows_per_epoch"]);
  std::size_t backs = 0;
  for (const auto& event : here.json_lines("run/events.jsonl")) {
    if (event["event"] == "went_back") ++backs;
  }
  BOOST_CHECK_GE(backs, 5u);
}

struct full_disk {
  long bytes;  ///< how much of each file fits
  std::string file;
};

/// A full disk at each of the files of a run: the program ends, and says which file.
BOOST_AUTO_TEST_CASE(a_full_disk_fails_the_run_and_names_the_file) {
  // Of the quick job, job.yaml is some 2 kB and the model 52 kB; events are few.
  const std::vector<full_disk> all = {
      {100, "job.yaml"}, {4096, "history.jsonl"}, {40000, "model.troupe"}};
  for (const full_disk& f : all) {
    BOOST_TEST_CONTEXT(f.file) {
      const workspace here;
      const std::string job = here.write("job.yaml", quick_job);
      process_options options;
      options.largest_file = f.bytes;
      std::vector<std::string> arguments = {"train", job, "--quiet", "--run", here / "run"};
      if (f.file == "history.jsonl") {
        for (const char* set : {"training.evaluate_every=0.01", "training.epochs=1000000"}) {
          arguments.insert(arguments.end(), {"--set", set});
        }
      }
      const outcome done = run_troupe(arguments, options);
      BOOST_CHECK_EQUAL(done.status, 1);
      BOOST_REQUIRE_EQUAL(lines_of(done.err).size(), 1u);
      BOOST_CHECK_MESSAGE(done.err.find(f.file + ": ") != std::string::npos, done.err);
      if (f.bytes < 4096) continue;  // nothing of the size of a summary fits
      const auto summary = here.json("run/summary.json");
      BOOST_CHECK_EQUAL(summary["stopped_by"], "failed");
      BOOST_CHECK(done.err.find(summary["failure"].get<std::string>()) != std::string::npos);
      BOOST_CHECK(!here.has("run/model.troupe"));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
