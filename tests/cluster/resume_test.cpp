// Runs that are killed, interrupted or damaged, and go on: `--resume` and `troupe checkpoint` as
// their users see them.

#include <signal.h>

#include <fstream>

#include "cluster/workspace.hpp"
#include "troupe/base/random.hpp"

using namespace troupe::testing;

namespace {

namespace fs = std::filesystem;

/// Some seconds of training, a checkpoint as often as one can be written. By a rule without
/// moments, which workers would lose each time.
std::vector<std::string> train(const workspace& here, std::vector<std::string> more = {}) {
  std::vector<std::string> all = {
      "train", here.write("job.yaml", quick_job),
      "--run", here / "run",
      "--set", "training.epochs=400",
      "--set", "training.evaluate_every=100",
      "--set", "optimizer.gradient_rule={name: sgd, learning_rate: 0.02}",
      "--set", "supervisor.checkpoint.every_seconds=0.02"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::size_t count_of(const workspace& here, const std::string& event) {
  std::size_t count = 0;
  for (const std::string& line : lines_of(here.read("run/events.jsonl"))) {
    count += line.find("\"event\":\"" + event + "\"") != std::string::npos;
  }
  return count;
}

void train_some(process& run, const workspace& here) {
  while (!here.has("run/history.jsonl") || fs::file_size(here / "run/history.jsonl") == 0) {
    BOOST_REQUIRE(!run.ended());
  }
}

/// Every row of every epoch went into the centre.
void check_whole(const workspace& here, std::uint64_t epochs) {
  const auto s = here.json("run/summary.json");
  BOOST_CHECK_EQUAL(s["stopped_by"], "epochs");
  BOOST_CHECK_EQUAL(
      s["rows_trained"].get<std::uint64_t>() - s["rows_repeated"].get<std::uint64_t>(),
      s["rows_per_epoch"].get<std::uint64_t>() * epochs);
  BOOST_CHECK_GT(s["test_accuracy"].get<double>(), 0.85);  // 0.9 where nothing happens
}

}  // namespace

BOOST_AUTO_TEST_SUITE(resumed_runs)

BOOST_AUTO_TEST_CASE(one_that_is_killed_again_and_again_trains_every_row) {
  std::uint64_t seed = 1;
  std::size_t killed = 0;
  for (const std::string consistency :
       {"asynchronous", "{name: bounded, staleness: 2}", "synchronous"}) {
    BOOST_TEST_CONTEXT(consistency) {
      const workspace here;
      const troupe::random_stream draws(seed++, troupe::random_purpose::test);
      for (std::uint64_t attempt = 0;; ++attempt) {
        BOOST_REQUIRE(attempt < 60);
        process run(train(here, {"--resume", "--set", "optimizer.consistency=" + consistency}));
        // After some more checkpoints, and a while, whatever it is at then; later and later, so
        // that it comes to its end on a slow machine, too.
        const auto enough = count_of(here, "checkpoint") + draws.below(2 * attempt, 4 + attempt);
        while (count_of(here, "checkpoint") < enough && !run.ended()) {
        }
        for (auto more = draws.below(2 * attempt + 1, 40); more > 0 && !run.ended(); --more) {
        }
        run.signal(SIGKILL);
        const outcome done = run.wait();
        // Or just before it left.
        if (done.status == 0 || here.has("run/summary.json")) break;
        BOOST_TEST_REQUIRE(done.status == 128 + SIGKILL, done.err);
        ++killed;
      }
      check_whole(here, 400);
    }
  }
  BOOST_CHECK_GE(killed, 4u);
}

BOOST_AUTO_TEST_CASE(one_that_is_interrupted_goes_on_where_it_was) {
  const workspace here;
  std::uint64_t rows = 0;
  {
    process run(train(here, {"--set", "supervisor.checkpoint.every_seconds=0"}));
    train_some(run, here);
    run.signal(SIGINT);
    BOOST_CHECK_EQUAL(run.wait().status, 130);
    BOOST_CHECK_EQUAL(count_of(here, "checkpoint"), 1u);
    rows = here.json("run/summary.json")["rows_trained"];
    BOOST_TEST_REQUIRE(rows > 0u);
  }
  const outcome done = run_troupe(train(here, {"--resume"}));
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  for (const auto& line : here.json_lines("run/events.jsonl")) {
    if (line["event"] == "resumed") BOOST_CHECK_EQUAL(line["rows"], rows);
  }
  BOOST_CHECK_EQUAL(here.json("run/summary.json")["rows_repeated"], 0);
  check_whole(here, 400);
  check_complaint(run_troupe(train(here, {"--resume"})), 2,
                  "there is nothing to resume: the run has trained all its epochs");
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_written_when_asked_for) {
  const workspace here;
  process run(train(here, {"--set", "supervisor.checkpoint.every_seconds=0", "--set",
                           "training.epochs=1000000"}));
  train_some(run, here);
  const outcome kept = run_troupe({"checkpoint", "--run", here / "run"});
  BOOST_TEST_REQUIRE(kept.status == 0, kept.err);
  BOOST_CHECK_EQUAL(kept.out, here / "run/checkpoints/000001.checkpoint\n");
  BOOST_CHECK(here.has("run/checkpoints/000001.checkpoint"));
  const outcome again = run_troupe({"checkpoint", "--run", here / "run", "--json"});
  BOOST_CHECK_EQUAL(nlohmann::json::parse(again.out)["file"], "000002.checkpoint");
  // Nobody else has the run meanwhile.
  check_complaint(run_troupe(train(here, {"--resume", "--set", "training.epochs=1000000"})), 1,
                  "the run is under way");
  run.signal(SIGKILL);
  run.wait();
  check_complaint(run_troupe({"checkpoint", "--run", here / "run"}), 1, "");
}

BOOST_AUTO_TEST_CASE(damaged_checkpoints_are_passed_over) {
  const workspace here;
  process run(train(here, {"--set", "training.epochs=1000000"}));
  while (!here.has("run/checkpoints/000003.checkpoint")) BOOST_REQUIRE(!run.ended());
  run.signal(SIGKILL);
  run.wait();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(here / "run/checkpoints")) {
    if (entry.path().extension() == ".checkpoint") names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  BOOST_TEST_REQUIRE(names.size() >= 2u);
  fs::resize_file(names.back(), fs::file_size(names.back()) / 2);
  process next(train(here, {"--set", "training.epochs=1000000", "--resume"}));
  while (count_of(here, "started") < 2) BOOST_REQUIRE(!next.ended());
  next.signal(SIGINT);
  BOOST_CHECK_EQUAL(next.wait().status, 130);
  BOOST_CHECK_EQUAL(count_of(here, "checkpoint_damaged"), 1u);
  BOOST_CHECK_EQUAL(count_of(here, "resumed"), 1u);
}

BOOST_AUTO_TEST_CASE(a_run_outlives_checkpoints_that_cannot_be_written) {
  const workspace here;
  fs::create_directories(here / "run");
  // A run's folder that is not empty is fine; a file stands where its checkpoints should.
  process run(train(here, {"--set", "training.epochs=1000000", "--set",
                           "supervisor.checkpoint.every_seconds=0"}));
  train_some(run, here);
  here.write("run/checkpoints", "");
  const outcome refused = run_troupe({"checkpoint", "--run", here / "run"});
  BOOST_CHECK_EQUAL(refused.status, 1);
  BOOST_CHECK_EQUAL(count_of(here, "checkpoint_failed"), 1u);
  run.signal(SIGINT);
  BOOST_CHECK_EQUAL(run.wait().status, 130);
  BOOST_CHECK(here.has("run/model.troupe"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_resumed_is_said) {
  const workspace here;
  const std::string job = here.write("job.yaml", quick_job);
  check_complaint(run_troupe({"train", job, "--resume"}), 2, "--resume: needs --run DIR");
  {
    process run(train(here, {}));
    train_some(run, here);
    run.signal(SIGINT);
    BOOST_CHECK_EQUAL(run.wait().status, 130);
  }
  check_complaint(run_troupe(train(here, {"--resume", "--set", "training.batch_size=10"})), 3,
                  "it is of another job: it has 'batch_size: 20', not 'batch_size: 10'");
  // Where there is no run yet, it begins.
  const outcome begun = run_troupe({"train", job, "--run", here / "other", "--resume", "--quiet"});
  BOOST_TEST_REQUIRE(begun.status == 0, begun.err);
}

BOOST_AUTO_TEST_SUITE_END()
