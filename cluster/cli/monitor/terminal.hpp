#pragma once

#include <memory>
#include <utility>

#include "grid.hpp"

namespace troupe::cli {

/// What a key means to the monitor.
enum class key {
  none,
  quit,
  help,
  sort,
  sort_back,
  reverse,
  pause,
  checkpoint,
  stop,
  yes,
  no,
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  redraw,
  other,
};

/// The terminal of this process as a screen of its own, and its keys. Given back as it was when
/// this goes out of scope. One at a time, in one thread.
class terminal {
 public:
  /// Whether standard input and output are a terminal that can do this.
  static bool usable();
  terminal();
  ~terminal();
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  /// Whether it shows more than ASCII.
  bool unicode() const noexcept { return unicode_; }
  /// Columns and rows, as they are now.
  std::pair<int, int> size();
  void show(const grid& picture);
  /// The next key that was pressed; `none`: there is none yet.
  key next_key();

 private:
  struct screen;
  std::unique_ptr<screen> screen_;
  bool unicode_ = false;
};

}  // namespace troupe::cli
