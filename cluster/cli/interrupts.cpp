#include "interrupts.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "command.hpp"

namespace troupe::cli {

namespace {

constexpr const char* stopping =
    "\ntroupe: stopping after the windows under way; once more ends the program at once\n";

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGUSR2}) sigaddset(&set, number);
  // Under nohup the end of the terminal is not to end the run.
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

interrupts::interrupts(run_control& control, bool quiet)
    : interrupts([&control] { control.stop("interrupted"); }, quiet ? "" : stopping) {}

interrupts::interrupts(std::function<void()> first, std::string said) {
  const sigset_t wanted = signals();
  pthread_sigmask(SIG_BLOCK, &wanted, &before_);
  thread_ = std::thread([this, wanted, first = std::move(first), said = std::move(said)] {
    for (int count = 0;;) {
      int number = 0;
      sigwait(&wanted, &number);
      if (number == SIGUSR2 && ended_) return;
      if (number == SIGUSR2) continue;
      if (++count > 1) _exit(exit_interrupted);
      asked_ = true;
      first();
      std::fputs(said.c_str(), stderr);
    }
  });
}

interrupts::~interrupts() {
  ended_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace troupe::cli
