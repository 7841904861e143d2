#pragma once

#include <functional>
#include <string>

#include "cluster/workspace.hpp"

namespace troupe::testing {

/// A terminal that nobody sees: a tmux server of its own, with one window, in which a shell runs a
/// command and then says "left with N". Ended with this.
class tmux_window {
 public:
  /// Where there is none, the test says that it is skipped.
  static bool available();

  /// `command` may use single quotes; `environment` is put before it.
  tmux_window(const workspace& here, const std::string& command, int columns, int rows);
  ~tmux_window();
  tmux_window(const tmux_window&) = delete;
  tmux_window& operator=(const tmux_window&) = delete;

  /// What the window shows, line by line.
  std::string screen() const;
  /// Looks again and again until the screen is so. \returns that screen; the test fails where that
  /// takes too long.
  std::string until(const std::function<bool(const std::string&)>& holds) const;
  /// Until it shows this text.
  std::string until_shown(const std::string& text) const;
  /// By the names tmux has for them.
  void press(const std::string& key) const;
  void resize(int columns, int rows) const;

 private:
  outcome tmux(const std::vector<std::string>& arguments) const;

  std::string socket_;
};

}  // namespace troupe::testing
