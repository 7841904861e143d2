#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grid.hpp"

namespace troupe::cli {

struct worker_row {
  int number = 0;
  std::string node;
  std::string state;   ///< "ready", "slow 0.25", "joining" ...
  std::string remark;  ///< what is wrong with it, in a phrase
  look style = look::plain;
  std::optional<double> rate, share, staleness, behind, given, taken, loss, window, heard, leased;
};

struct server_row {
  int number = 0;
  std::string node, state;
  look style = look::plain;
  std::size_t slices = 0, backups = 0;
  std::string version;
  std::optional<double> commits, bytes_in, bytes_out;  ///< a second; of all its slices
  std::optional<double> received, sent;                ///< bytes, so far
  std::optional<double> queue;
};

struct event_row {
  double time = 0;
  std::string name, facts;
  look style = look::plain;
};

/// How things stand between the monitor and its run.
enum class tie { live, lost, over, failed };

/// All that the monitor shows of a run.
struct run_view {
  std::string name, optimizer, state;
  std::optional<double> seconds, epoch, epochs, rows, total, rate, left, commits, staleness, bytes;
  std::optional<double> loss, accuracy;
  std::string evaluation;  ///< "test loss 0.0256, accuracy 0.9917 at 19200 rows"; may be empty
  std::vector<std::pair<double, double>> losses, accuracies;  ///< over seconds
  std::vector<worker_row> workers;
  int troubled = 0;  ///< workers with a remark
  std::vector<server_row> servers;
  std::vector<std::string> nodes;  ///< lines of a table
  std::deque<event_row> events;
  tie tied = tie::live;
  std::string notice;  ///< why the connection is lost, or how the run ended
};

/// Makes that of what a run says of itself, one status and one event after the other. Rates are of
/// the last few seconds. No clock: `now` is seconds of any that does not go back.
class run_watch {
 public:
  static constexpr double rate_seconds = 5;  ///< over which rates are taken
  static constexpr std::size_t most_events = 500;

  void take_status(const nlohmann::ordered_json& status, double now);
  void take_event(const std::string& line);
  /// Nobody answers: the picture is the last one.
  void lost(const std::string& why);
  void over(const std::string& how, bool well);
  /// The run's own word for why it ended; empty: it has not said so.
  const std::string& stopped_by() const noexcept { return stopped_by_; }

  const run_view& view() const noexcept { return view_; }

 private:
  struct sample {
    double now = 0, seconds = 0, rows = 0;
    struct traffic {
      bool known = false;
      double commits = 0, in = 0, out = 0;
    };
    std::vector<traffic> servers;
  };
  void take_run(const nlohmann::ordered_json& status);
  void take_curves(const nlohmann::ordered_json& history);
  void take_workers(const nlohmann::ordered_json& status);
  void take_servers(const nlohmann::ordered_json& status, double now);
  bool joins_last(const nlohmann::ordered_json& event);

  run_view view_;
  std::deque<sample> samples_;
  std::string stopped_by_;
  nlohmann::ordered_json moved_;  // what the last event tells, where that is of rows moved
};

}  // namespace troupe::cli
