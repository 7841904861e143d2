#include "progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "text.hpp"

namespace troupe::cli {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds bar_period{100};
constexpr std::chrono::seconds line_period{3};

int terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string bar(double share, int width) {
  const int full = static_cast<int>(share * width);
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(width - full), '.');
}

}  // namespace

progress::progress(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), start_(clock::now()) {}

std::string progress::line(const report& r) const {
  const auto total = static_cast<double>(r.total_rows);
  const double done = std::min(static_cast<double>(r.rows), total);
  const double share = total > 0 ? done / total : 0;
  const double rate = r.time > 0 ? static_cast<double>(r.rows) / r.time : 0;
  std::string text = fmt::format("{:3.0f} %  epoch {}  {:.0f} rows/s  loss {:.4f}", share * 100,
                                 r.epoch, rate, loss_);
  if (std::isfinite(accuracy_)) text += fmt::format("  accuracy {:.4f}", accuracy_);
  if (rate > 0) {
    text += "  left " + span_text((total - done) / rate);
  }
  if (!terminal_) return text;
  const int room = terminal_width() - static_cast<int>(text.size()) - 4;
  if (room >= 5) text = "[" + bar(share, std::min(room, 30)) + "] " + text;
  return text.substr(0, static_cast<std::size_t>(std::max(terminal_width() - 1, 10)));
}

void progress::print(const std::string& text) {
  std::fputs((bar_shown_ ? "\r\033[K" + text + "\n" : text + "\n").c_str(), stderr);
  bar_shown_ = false;
}

void progress::show(const report& r) {
  if (quiet_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (r.evaluation) {
    std::string text = fmt::format("after {} rows: {} loss {:.4f}", r.rows, r.part, r.loss);
    for (const auto& [name, value] : r.metrics) text += fmt::format("  {} {:.4f}", name, value);
    print(text);
    return;
  }
  loss_ = any_ ? 0.8 * loss_ + 0.2 * r.loss : r.loss;
  accuracy_ = any_ ? 0.8 * accuracy_ + 0.2 * r.accuracy : r.accuracy;
  any_ = true;
  const auto now = clock::now();
  if (now - last_ < (terminal_ ? clock::duration(bar_period) : clock::duration(line_period))) {
    return;
  }
  last_ = now;
  if (!terminal_) return print(line(r));
  std::fputs(("\r\033[K" + line(r)).c_str(), stderr);
  bar_shown_ = true;
}

void progress::show(const run_event& e) {
  if (quiet_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (e.name == "metrics_listening") {
    print("metrics and live page at " + e.facts.value("url", std::string()));
  }
  if (e.name == "started") {
    print(fmt::format("training with {} and {}: {} parameters, {} rows an epoch",
                      counted(e.facts.value("workers", 0u), "worker"),
                      counted(e.facts.value("parameter_servers", 0u), "parameter server"),
                      e.facts.value("parameters", 0ull), e.facts.value("rows_per_epoch", 0ull)));
  }
}

void progress::finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bar_shown_) std::fputs("\r\033[K", stderr);
  bar_shown_ = false;
}

}  // namespace troupe::cli
