#include "cluster/tmux.hpp"

#include <poll.h>

#include <chrono>
#include <iostream>

namespace troupe::testing {

namespace {

constexpr const char* program = "/usr/bin/tmux";
/// Whatever is waited for comes within this.
constexpr std::chrono::seconds time_limit{120};
/// Between two looks at a screen, which changes a few times a second.
constexpr int pause_milliseconds = 50;

}  // namespace

bool tmux_window::available() {
  if (std::filesystem::exists(program)) return true;
  std::cerr << "skipped: no tmux; scripts/install-dependencies tests\n";
  return false;
}

outcome tmux_window::tmux(const std::vector<std::string>& arguments) const {
  process_options options;
  options.program = program;
  std::vector<std::string> words = {"-u", "-S", socket_, "-f", "/dev/null"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_troupe(words, options);
}

tmux_window::tmux_window(const workspace& here, const std::string& command, int columns, int rows)
    : socket_(here / "tmux") {
  const std::string script =
      "export LC_ALL=C.UTF-8; unset NO_COLOR; " + command + "; echo \"left with $?\"; read line";
  const outcome made = tmux(
      {"new-session", "-d", "-x", std::to_string(columns), "-y", std::to_string(rows), script});
  BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
  // Without its line of status the window is as large as was asked for.
  BOOST_REQUIRE_EQUAL(tmux({"set-option", "-g", "status", "off"}).status, 0);
  resize(columns, rows);
}

tmux_window::~tmux_window() {
  tmux({"kill-server"});
}

std::string tmux_window::screen() const {
  return tmux({"capture-pane", "-p"}).out;
}

std::string tmux_window::until(const std::function<bool(const std::string&)>& holds) const {
  const auto deadline = std::chrono::steady_clock::now() + time_limit;
  for (;;) {
    const std::string now = screen();
    if (holds(now)) return now;
    BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "not within time:\n" << now);
    ::poll(nullptr, 0, pause_milliseconds);
  }
}

std::string tmux_window::until_shown(const std::string& text) const {
  return until([&](const std::string& now) { return now.find(text) != std::string::npos; });
}

void tmux_window::press(const std::string& key) const {
  BOOST_REQUIRE_EQUAL(tmux({"send-keys", key}).status, 0);
}

void tmux_window::resize(int columns, int rows) const {
  BOOST_REQUIRE_EQUAL(
      tmux({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)}).status, 0);
}

}  // namespace troupe::testing
