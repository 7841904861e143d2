#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

#include "command.hpp"
#include "progress.hpp"
#include "troupe/cluster/run_folder.hpp"
#include "troupe/troupe.hpp"

namespace troupe::cli {

namespace {

/// Turns SIGINT, SIGTERM and SIGHUP into a clean stop; a second one ends the process at once. The
/// signals are blocked in every thread made after this and taken by one of its own.
class interrupts {
 public:
  interrupts(run_control& control, bool quiet) {
    const sigset_t wanted = signals();
    pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    thread_ = std::thread([this, wanted, &control, quiet] {
      for (int count = 0;;) {
        int number = 0;
        sigwait(&wanted, &number);
        if (number == SIGUSR2 && ended_) return;
        if (number == SIGUSR2) continue;
        if (++count > 1) _exit(exit_interrupted);
        control.stop("interrupted");
        if (!quiet) std::fputs(stopping, stderr);
      }
    });
  }
  ~interrupts() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

 private:
  static constexpr const char* stopping =
      "\ntroupe: stopping after the windows under way; once more ends the program at once\n";

  static sigset_t signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGUSR2}) sigaddset(&set, number);
    // Under nohup the end of the terminal is not to end the run.
    struct sigaction hangup {};
    sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
    return set;
  }
  sigset_t before_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

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

}  // namespace

int train_command(const train_arguments& arguments) {
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
      return train(of, options, known);
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

}  // namespace troupe::cli
