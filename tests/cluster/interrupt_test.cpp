#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/workspace.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

/// Far more epochs than any test waits for.
const std::vector<std::string> endless = {"--set", "training.epochs=1000000", "--set",
                                          "training.evaluate_every=1000"};

std::vector<std::string> train(const std::string& job, const std::string& folder) {
  std::vector<std::string> arguments = {"train", job, "--run", folder};
  arguments.insert(arguments.end(), endless.begin(), endless.end());
  return arguments;
}

/// A job file that is a pipe: while the test writes nothing, the program is busy reading, with its
/// signals set up and no actor there.
class slow_job {
 public:
  explicit slow_job(const workspace& here) : path(here / "job.yaml") {
    BOOST_REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  }
  ~slow_job() {
    if (file_ >= 0) close(file_);
  }
  /// Returns once the program has opened the file.
  void wait_for_reader(process& reader) {
    while ((file_ = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
      BOOST_REQUIRE(!reader.ended());
    }
  }
  void deliver() {
    BOOST_REQUIRE(write(file_, quick_job.data(), quick_job.size()) ==
                  static_cast<ssize_t>(quick_job.size()));
    close(file_);
    file_ = -1;
  }
  const std::string path;

 private:
  int file_ = -1;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(interrupts)

BOOST_AUTO_TEST_CASE(a_signal_ends_training_with_a_model) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    BOOST_TEST_CONTEXT("signal " << number) {
      const workspace here;
      const std::string job = here.write("job.yaml", quick_job);
      process running(train(job, here / "run"));
      BOOST_REQUIRE(running.wait_for("training with"));
      running.signal(number);
      const outcome done = running.wait();
      BOOST_CHECK_EQUAL(done.status, 130);
      BOOST_CHECK_MESSAGE(done.out.find("stopped by interrupted") != std::string::npos, done.out);
      const auto summary = here.json("run/summary.json");
      BOOST_CHECK_EQUAL(summary["stopped_by"], "interrupted");
      BOOST_CHECK(summary["test_loss"].is_number());
      BOOST_CHECK_EQUAL(here.json_lines("run/events.jsonl").back()["reason"], "interrupted");
      const auto known = troupe::catalogue::builtin();
      const auto model = troupe::trained_model::load(here / "run/model.troupe", known);
      BOOST_CHECK_EQUAL(model.parameters.size(), summary["parameters"].get<std::size_t>());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_signal_before_training_ends_the_run_before_it_trains) {
  const workspace here;
  slow_job job(here);
  process running(train(job.path, here / "run"));
  job.wait_for_reader(running);
  running.signal(SIGINT);
  BOOST_REQUIRE(running.wait_for("once more"));
  job.deliver();
  const outcome done = running.wait();
  BOOST_CHECK_MESSAGE(done.status == 130, done.status << ": " << done.err);
  const auto summary = here.json("run/summary.json");
  BOOST_CHECK_EQUAL(summary["stopped_by"], "interrupted");
  BOOST_CHECK_EQUAL(summary["rows_trained"], 0);
}

BOOST_AUTO_TEST_CASE(a_second_signal_ends_the_program_at_once) {
  const workspace here;
  slow_job job(here);
  process running(train(job.path, here / "run"));
  job.wait_for_reader(running);
  running.signal(SIGINT);
  BOOST_REQUIRE(running.wait_for("once more"));
  running.signal(SIGINT);
  BOOST_CHECK_EQUAL(running.wait().status, 130);
  BOOST_CHECK(!here.has("run"));
}

BOOST_AUTO_TEST_CASE(under_nohup_the_end_of_the_terminal_ends_nothing) {
  const workspace here;
  process_options options;
  options.ignores_hangup = true;
  const std::string job = here.write("job.yaml", quick_job);
  process running(train(job, here / "run"), options);
  BOOST_REQUIRE(running.wait_for("training with"));
  running.signal(SIGHUP);
  BOOST_REQUIRE(running.wait_for("rows/s"));  // it goes on
  running.signal(SIGINT);
  BOOST_CHECK_EQUAL(running.wait().status, 130);
}

BOOST_AUTO_TEST_SUITE_END()
