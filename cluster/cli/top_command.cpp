#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>

#include "command.hpp"
#include "control_target.hpp"
#include "monitor/layout.hpp"
#include "monitor/run_feed.hpp"
#include "monitor/terminal.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/control/run_socket.hpp"

namespace troupe::cli {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds picture_period{250}, lines_look_period{1000};
constexpr std::chrono::milliseconds reach_look_period{50};
constexpr std::chrono::seconds line_period{3}, message_period{4};
/// Where nobody may be looking, a run that does not answer for so long is given up.
constexpr std::chrono::seconds lost_patience{10};
/// How long whoever leaves waits for an answer under way.
constexpr std::chrono::milliseconds farewell{200};

/// Signals as something to read, for the thread that made this; others leave them alone.
class signal_file {
 public:
  signal_file() {
    sigset_t stopped;
    sigemptyset(&stopped);
    sigaddset(&stopped, SIGTSTP);
    sigemptyset(&wanted_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&wanted_, number);
    pthread_sigmask(SIG_BLOCK, &wanted_, nullptr);
    // Ctrl-Z gives the terminal back for a while: that is for the thread with the screen.
    pthread_sigmask(SIG_BLOCK, &stopped, nullptr);
    file_ = owned_file(::signalfd(-1, &wanted_, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!file_) throw run_error("", "out of descriptors");
  }
  signal_file(const signal_file&) = delete;
  signal_file& operator=(const signal_file&) = delete;

  /// Once the other threads have begun.
  static void take_stops() {
    sigset_t stopped;
    sigemptyset(&stopped);
    sigaddset(&stopped, SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &stopped, nullptr);
  }
  int number() const noexcept { return file_.get(); }
  /// Whether one that ends the program is among those that came.
  bool ends() {
    signalfd_siginfo came{};
    bool out = false;
    while (::read(file_.get(), &came, sizeof came) == static_cast<ssize_t>(sizeof came)) {
      out = out || came.ssi_signo != SIGWINCH;
    }
    return out;
  }

 private:
  sigset_t wanted_;
  owned_file file_;
};

bool is_over(const run_view& of) {
  return of.tied == tie::over || of.tied == tie::failed;
}

/// Shows a run on the terminal until its watcher leaves.
class monitor {
 public:
  monitor(run_feed& feed, signal_file& signals, const std::string& name)
      : feed_(feed), signals_(signals) {
    view_.name = name;
    view_.state = "connecting";
    choice_.unicode = terminal_.unicode();
  }

  int watch() {
    for (;;) {
      take_message();
      const auto [width, height] = terminal_.size();
      terminal_.show(draw(view_, choice_, width, height, &facts_));
      pollfd files[] = {
          {STDIN_FILENO, POLLIN, 0}, {signals_.number(), POLLIN, 0}, {feed_.bell(), POLLIN, 0}};
      ::poll(files, std::size(files), 1000);
      if (signals_.ends()) return exit_interrupted;
      if (files[2].revents != 0) {
        feed_.heard();
        view_ = feed_.view();
      }
      for (;;) {
        const key pressed = terminal_.next_key();
        if (pressed == key::none) break;
        if (!take(pressed)) return exit_ok;
      }
      // Whose terminal is gone has nothing to look at.
      if ((files[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return exit_interrupted;
    }
  }

 private:
  void take_message() {
    const auto now = clock::now();
    if (const run_feed::message said = feed_.take_message(); !said.text.empty()) {
      choice_.message = said.text;
      choice_.message_bad = said.bad;
      said_ = now;
    }
    if (now - said_ > message_period) choice_.message.clear();
  }

  void sort_by(std::ptrdiff_t step) {
    if (facts_.sorts.empty()) return;
    const auto count = static_cast<std::ptrdiff_t>(facts_.sorts.size());
    const auto found = std::find(facts_.sorts.begin(), facts_.sorts.end(), choice_.sort);
    const auto at = found == facts_.sorts.end() ? -step : found - facts_.sorts.begin();
    choice_.sort = facts_.sorts[static_cast<std::size_t>((at + step + count) % count)];
  }

  void scroll(std::ptrdiff_t rows) {
    const auto first = static_cast<std::ptrdiff_t>(choice_.first) + rows;
    choice_.first = static_cast<std::size_t>(std::max<std::ptrdiff_t>(first, 0));
  }

  /// \returns false to leave.
  bool take(key pressed) {
    if (pressed == key::quit) return false;
    if (choice_.help) {
      choice_.help = pressed == key::redraw;
      return true;
    }
    if (!choice_.question.empty()) {
      if (pressed == key::yes) feed_.request("stop");
      if (pressed != key::redraw) choice_.question.clear();
      return true;
    }
    const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(facts_.rows, 1));
    switch (pressed) {
      case key::help:
        choice_.help = true;
        break;
      case key::sort:
        sort_by(1);
        break;
      case key::sort_back:
        sort_by(-1);
        break;
      case key::reverse:
        choice_.reversed = !choice_.reversed;
        break;
      case key::up:
        scroll(-1);
        break;
      case key::down:
        scroll(1);
        break;
      case key::page_up:
        scroll(-page);
        break;
      case key::page_down:
        scroll(page);
        break;
      case key::home:
        choice_.first = 0;
        break;
      case key::end:
        choice_.first = view_.workers.size();
        break;
      case key::pause:
        feed_.request(view_.state == "paused" ? "resume" : "pause");
        break;
      case key::checkpoint:
        feed_.request("checkpoint");
        break;
      case key::stop:
        if (!is_over(view_)) {
          choice_.question =
              "stop the run? It ends after the windows under way and saves its model. y/n";
        }
        break;
      default:
        break;
    }
    return true;
  }

  run_feed& feed_;
  signal_file& signals_;
  terminal terminal_;
  run_view view_;
  layout_choice choice_;
  layout_facts facts_;
  clock::time_point said_;
};

/// A line every few seconds, until the run ends.
int print_lines(run_feed& feed, signal_file& signals, const std::string& name, bool as_json) {
  clock::time_point due, answered = clock::now();
  for (;;) {
    pollfd files[] = {{signals.number(), POLLIN, 0}, {feed.bell(), POLLIN, 0}};
    ::poll(files, std::size(files), -1);
    if (signals.ends()) return exit_interrupted;
    feed.heard();
    const run_view view = feed.view();
    const bool over = is_over(view);
    if (!over && clock::now() < due) continue;
    due = clock::now() + line_period;
    if (as_json) {
      const auto status = feed.status();
      if (!over && view.tied == tie::live && status.is_object()) {
        fmt::print("{}\n", status.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
      }
    } else {
      fmt::print("{}\n", one_line(view));
    }
    std::fflush(stdout);
    if (over) return exit_ok;
    if (view.tied != tie::lost) answered = clock::now();
    if (clock::now() - answered > lost_patience) throw run_error(name, view.notice);
  }
}

/// It may take a while to reach a run; nobody has to wait for that.
control_target reach_or_leave(const control_arguments& arguments, signal_file& signals) {
  auto found = std::async(std::launch::async, [&] { return reach(arguments); });
  while (found.wait_for(reach_look_period) != std::future_status::ready) {
    if (signals.ends()) _exit(exit_interrupted);
  }
  return found.get();
}

}  // namespace

int top_command(const control_arguments& arguments) {
  signal_file signals;
  control_target target = reach_or_leave(arguments, signals);
  const std::string name = target.name;
  const bool picture = !arguments.json && terminal::usable();
  run_feed feed(arguments, std::move(target), picture ? picture_period : lines_look_period);
  signal_file::take_stops();
  const int status = picture ? monitor(feed, signals, name).watch()
                             : print_lines(feed, signals, name, arguments.json);
  if (!feed.end(farewell)) {
    // Nothing is owed to a run that does not answer.
    std::fflush(stdout);
    _exit(status);
  }
  return status;
}

}  // namespace troupe::cli
