#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <functional>

#include "command.hpp"
#include "interrupts.hpp"
#include "progress.hpp"
#include "troupe/cluster/launch.hpp"
#include "troupe/cluster/run_folder.hpp"
#include "troupe/troupe.hpp"

namespace troupe::cli {

namespace {

void print_result(const train_result& result, const std::string& folder) {
  const auto& s = result.summary;
  fmt::print("{} rows in {:.1f} s ({} rows/s), {} commits, stopped by {}\n",
             s["rows_trained"].get<std::uint64_t>(), s["seconds"].get<double>(),
             s["samples_per_second"].is_null()
                 ? std::string("-")
                 : fmt::format("{:.0f}", s["samples_per_second"].get<double>()),
             s["commits"].get<std::uint64_t>(), result.stopped_by);
  for (const auto& [name, value] : s.items()) {
    const bool scored =
        name.rfind("test_", 0) == 0 || name.rfind("validation_", 0) == 0 || name == "train_loss";
    if (scored && value.is_number()) fmt::print("{:<24} {:.4f}\n", name, value.get<double>());
  }
  fmt::print("{:<24} {}\n", "run", folder);
}

/// How a job is run: here, or over nodes.
using runner = std::function<train_result(const job&, const train_options&, const catalogue&)>;

int run_job(const train_arguments& arguments, const runner& run) {
  if (arguments.resume && arguments.folder.empty()) {
    throw job_error("--resume", "needs --run DIR: the run to go on with");
  }
  run_control control;
  const interrupts guard(control, arguments.quiet);
  const catalogue known = catalogue::builtin();
  const job of = read_job(arguments.job, arguments.overrides, known);
  const std::vector<std::string> warnings = check(of, known);
  progress shown(arguments.quiet);
  train_options options;
  const bool own_folder = arguments.folder.empty();
  options.folder = own_folder ? run_folder::make_default(of.name) : arguments.folder;
  options.control = &control;
  options.resume = arguments.resume;
  options.observer.on_report = [&](const report& r) { shown.show(r); };
  options.observer.on_event = [&](const run_event& e) {
    // Not before: a job that cannot run leaves one line, the one that says why.
    if (e.name == "started") {
      for (const std::string& w : warnings) fmt::print(stderr, "troupe: warning: {}\n", w);
    }
    shown.show(e);
  };
  const train_result result = [&] {
    try {
      return run(of, options, known);
    } catch (...) {
      // What failed before training leaves nothing behind; folders with files in them stay.
      if (own_folder && ::rmdir(options.folder.c_str()) == 0) ::rmdir("runs");
      throw;
    }
  }();
  shown.finish();
  if (arguments.json) {
    fmt::print("{}\n", result.summary.dump());
  } else {
    print_result(result, options.folder);
  }
  if (!result.ok()) {
    fmt::print(stderr, "troupe: {}\n", result.failure);
    return exit_failed;
  }
  return result.stopped_by == "interrupted" ? exit_interrupted : exit_ok;
}

}  // namespace

int train_command(const train_arguments& arguments) {
  return run_job(arguments, [](const job& of, const train_options& options,
                               const catalogue& known) { return train(of, options, known); });
}

int launch_command(const train_arguments& arguments) {
  return run_job(arguments,
                 [](const job& of, const train_options& options, const catalogue& known) {
                   launch_run_options over;
                   over.run = options;
                   over.tell = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
                   return launch(of, over, known);
                 });
}

}  // namespace troupe::cli
