#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "command.hpp"
#include "troupe/actors/version.hpp"
#include "troupe/base/error.hpp"

namespace {

using namespace troupe::cli;

/// `--set K=V` takes one value each time, so that a job file may follow it.
void add_set(CLI::App* command, std::vector<std::string>& overrides) {
  command->add_option("--set", overrides, "change a key of the job: training.epochs=5")
      ->type_name("K=V")
      ->allow_extra_args(false);
}

int run(int argc, char** argv) {
  CLI::App app("Trains neural networks with a troupe of actors.", "troupe");
  app.set_version_flag("--version", std::string("troupe ") + troupe::version);
  app.require_subcommand(1);
  int status = exit_ok;

  train_arguments train;
  auto* train_app = app.add_subcommand("train", "train a job in this process");
  train_app->add_option("JOB", train.job, "job file (YAML)")->required();
  add_set(train_app, train.overrides);
  train_app->add_option("--run", train.folder,
                        "folder of the run; default runs/<name>-<date>-<time>");
  train_app->add_flag("--json", train.json, "print the summary object and nothing else");
  train_app->add_flag("--quiet", train.quiet, "no progress");
  train_app->callback([&] { status = train_command(train); });

  check_arguments check;
  auto* check_app = app.add_subcommand("check", "validate a job and its data, train nothing");
  check_app->add_option("JOB", check.job, "job file (YAML)")->required();
  add_set(check_app, check.overrides);
  check_app->callback([&] { status = check_command(check); });

  evaluate_arguments evaluate;
  auto* evaluate_app = app.add_subcommand("evaluate", "score a saved model on test data");
  evaluate_app->add_option("MODEL", evaluate.model, "model.troupe of a run")->required();
  evaluate_app->add_option("--data", evaluate.job,
                           "job whose test part is scored; default: the model's own");
  add_set(evaluate_app, evaluate.overrides);
  evaluate_app->add_flag("--json", evaluate.json, "print one object and nothing else");
  evaluate_app->callback([&] { status = evaluate_command(evaluate); });

  predict_arguments predict;
  auto* predict_app = app.add_subcommand("predict", "label rows with a saved model");
  predict_app->add_option("MODEL", predict.model, "model.troupe of a run")->required();
  predict_app->add_option("--input", predict.input, "file with the rows")->required();
  predict_app->add_option("--output", predict.output, "file for the answers; default: stdout");
  predict_app->add_option("--format", predict.format,
                          "idx, csv, libsvm or npy; default: that of the training data");
  predict_app->callback([&] { status = predict_command(predict); });

  auto* help_app = app.add_subcommand("help", "say what the commands are");
  // app.help() would describe the command that was given: `help` itself.
  help_app->callback([&] {
    const auto text =
        app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
    std::fputs(text.c_str(), stdout);
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    std::fprintf(stderr, "troupe: %s; see troupe --help\n", e.what());
    return exit_usage;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const troupe::error& e) {
    std::fprintf(stderr, "troupe: %s\n", e.what());
    return static_cast<int>(e.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "troupe: out of memory\n");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "troupe: %s\n", e.what());
  }
  return exit_failed;
}
