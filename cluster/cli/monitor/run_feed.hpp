#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "../control_target.hpp"
#include "run_view.hpp"
#include "troupe/cluster/control/run_socket.hpp"

namespace troupe::cli {

/// Asks a run how it stands, again and again, in a thread of its own, so that a slow answer holds
/// up no key. Where the connection breaks it looks for the run until that is found or known to be
/// over.
class run_feed {
 public:
  /// `first` is the connection to the run that `arguments` name.
  run_feed(control_arguments arguments, control_target first, std::chrono::milliseconds period);
  /// Waits for an answer under way.
  ~run_feed();
  run_feed(const run_feed&) = delete;
  run_feed& operator=(const run_feed&) = delete;

  /// A descriptor that can be read when there is something new; `heard` makes it quiet.
  int bell() const noexcept { return bell_.get(); }
  void heard();

  run_view view() const;
  /// The last status as it came.
  nlohmann::ordered_json status() const;
  /// How requests went: what there is to say since the last call; empty: nothing.
  struct message {
    std::string text;
    bool bad = false;
  };
  message take_message();

  /// "pause", "resume", "checkpoint" or "stop", after what is under way.
  void request(const std::string& name);
  /// No more is asked. \returns false where an answer is still waited for after so long.
  bool end(std::chrono::milliseconds patience);

 private:
  void run();
  void look();
  void serve_requests();
  void reconnect();
  void broken(const std::string& why);
  void say(const std::string& text, bool bad);
  void ring();
  double now() const;

  control_arguments arguments_;
  control_target target_;  // of the thread
  std::uint64_t events_ = 0;
  const std::chrono::milliseconds period_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point broken_since_;
  owned_file bell_;

  mutable std::mutex mutex_;  // guards what is below
  std::condition_variable changed_;
  run_watch watch_;
  nlohmann::ordered_json status_;
  std::deque<std::string> requests_;
  message message_;
  bool ending_ = false, ended_ = false;
  std::thread thread_;
};

}  // namespace troupe::cli
