#include "cluster/workspace.hpp"

using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(usage)

BOOST_AUTO_TEST_CASE(help_and_version_go_to_standard_output) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"help"}, {"--help"}, {"-h"}}) {
    const outcome done = run_troupe(arguments);
    BOOST_CHECK_EQUAL(done.status, 0);
    BOOST_CHECK_EQUAL(done.err, "");
    for (const char* command : {"train", "check", "evaluate", "predict", "compare", "status", "top",
                                "events", "stop", "optimizers", "help", "--version"}) {
      BOOST_CHECK_MESSAGE(done.out.find(command) != std::string::npos, command);
    }
    for (const std::string& line : lines_of(done.out)) BOOST_CHECK_LE(line.size(), 100u);
  }
  const outcome version = run_troupe({"--version"});
  BOOST_CHECK_EQUAL(version.status, 0);
  BOOST_CHECK_EQUAL(version.out.rfind("troupe 0.", 0), 0u);
}

BOOST_AUTO_TEST_CASE(help_of_a_command_is_the_same_both_ways) {
  for (const char* command : {"train", "check", "evaluate", "predict", "compare", "status", "top",
                              "events", "stop", "optimizers"}) {
    const outcome one = run_troupe({"help", command});
    const outcome other = run_troupe({command, "--help"});
    BOOST_CHECK_EQUAL(one.status, 0);
    BOOST_CHECK_EQUAL(other.status, 0);
    BOOST_CHECK_EQUAL(one.out, other.out);
    BOOST_CHECK_MESSAGE(one.out.find(std::string("troupe ") + command) != std::string::npos,
                        one.out);
    BOOST_CHECK(one.out.find("--") != std::string::npos);
  }
}

struct misuse {
  std::vector<std::string> arguments;
  std::string expected;
};

BOOST_AUTO_TEST_CASE(bad_usage_is_one_line_and_2) {
  const std::vector<misuse> all = {
      {{}, "which command?"},
      {{"trian", "job.yaml"}, "unknown command 'trian'; did you mean 'train'?"},
      {{"--verbose"}, "unknown option '--verbose'"},
      {{"train"}, "JOB is required; see troupe train --help"},
      {{"train", digits_job, "--jsn"}, "unknown option '--jsn'; did you mean '--json'?"},
      {{"train", digits_job, "other.yaml"}, "one argument too many: 'other.yaml'"},
      {{"train", digits_job, "--set"}, "--set"},
      {{"train", digits_job, "--run"}, "--run"},
      {{"predict", "model.troupe"}, "--input is required"},
      {{"help", "trian"}, "did you mean 'train'?"},
      {{"help", "dance"}, "unknown command 'dance'"},
  };
  for (const misuse& m : all) {
    BOOST_TEST_CONTEXT(m.expected) {
      check_complaint(run_troupe(m.arguments), 2, m.expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(results_that_cannot_be_written_fail_the_command) {
  process_options options;
  options.out_file = "/dev/full";
  check_complaint(run_troupe({"help"}, options), 1, "standard output");
  check_complaint(run_troupe({"check", digits_job, "--set", "data.train.rows=200"}, options), 1,
                  "standard output");
}

BOOST_AUTO_TEST_CASE(check_prints_the_job_and_trains_nothing) {
  const workspace here;
  process_options options;
  options.folder = here.path();
  const outcome done = run_troupe({"check", digits_job, "--set", "data.train.rows=500"}, options);
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  BOOST_CHECK_EQUAL(done.err, "");
  for (const char* word : {"conv2d", "56714", "400 rows", "100 rows", "downpour", "2 workers",
                           "28 x 28 x 1", "adam"}) {
    BOOST_CHECK_MESSAGE(done.out.find(word) != std::string::npos, word << " in " << done.out);
  }
  BOOST_CHECK(std::filesystem::is_empty(here.path()));
}

BOOST_AUTO_TEST_CASE(check_says_how_workers_and_servers_talk) {
  const auto checked = [](const std::vector<std::string>& changes) {
    std::vector<std::string> arguments = {"check", digits_job, "--set", "data.train.rows=500"};
    for (const std::string& change : changes) arguments.insert(arguments.end(), {"--set", change});
    const outcome done = run_troupe(arguments);
    BOOST_CHECK_MESSAGE(done.status == 0, done.err);
    return done.out;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, part << " in " << text);
  };
  const std::string plain = checked({});
  has(plain, "adam (rate 0.001)");
  has(plain, "consistency              asynchronous\n");
  has(plain, "compression              none");
  const std::string bounded =
      checked({"optimizer.consistency={name: bounded, staleness: 3}", "optimizer.compression=top_k",
               "optimizer.server_rule={name: adagrad, learning_rate: 0.5}"});
  has(bounded, "bounded (staleness 3)");
  has(bounded, "top_k (ratio 0.01");
  has(bounded, "server rule              adagrad (rate 0.5)");
  has(checked({"optimizer.protocol=eamsgd", "optimizer.gradient_rule=null"}),
      "eamsgd (learning_rate 0.05, momentum 0.9");
  has(checked({"optimizer.protocol=averaging", "optimizer.communication_window=epoch"}),
      "a whole epoch");
}

BOOST_AUTO_TEST_SUITE_END()
