#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "troupe/actors/messages/local.hpp"
#include "troupe/actors/messages/work.capnp.h"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// Adds up what workers report: the numbers of summary.json, the lines of history.jsonl, and how
/// fast each worker is. No CAF, no clock: times are handed in.
class run_totals {
 public:
  explicit run_totals(std::shared_ptr<const run_plan> plan);
  /// So many workers at least.
  void extend(std::uint32_t workers);

  void add(const schema::Progress::Reader& progress);

  /// A window of a worker that was lost before it reported: the servers took it, all of them, or
  /// some, then its rows are trained again.
  void add_unreported(std::uint32_t worker, std::uint64_t rows, std::uint32_t mini_batches,
                      bool whole);

  /// What a worker did since its last report, if that is `least_seconds` ago or more.
  std::optional<report> take_report(std::uint32_t worker, double now, double least_seconds);
  /// An evaluation's line of history: scores take a while, so `rows` is how many had been trained
  /// when this one was asked for.
  report evaluation_report(const score& evaluated, std::uint64_t rows, double now) const;

  /// Rows a second of a worker, smoothed over its last windows; 0 before its first.
  double speed(std::uint32_t worker) const { return workers_[worker].speed; }
  /// Whether the model's rows are right or wrong at all.
  bool counts_right_rows() const;
  std::uint64_t commits(std::uint32_t worker) const { return workers_[worker].commits; }
  /// Rows trained, those that are to be trained again not counted.
  std::uint64_t rows() const noexcept { return rows_ - rows_repeated_; }

  /// What `troupe status` shows of the whole run so far, and of one worker; keys in order.
  nlohmann::ordered_json status(double seconds) const;
  nlohmann::ordered_json worker_status(std::uint32_t worker) const;

  /// Rows that were reported are to be trained again.
  void undo(std::uint64_t rows) { rows_repeated_ += rows; }
  /// All of it, to be kept; and back. \throws error (data) for what `image` did not write.
  nlohmann::json image() const;
  void restore(const nlohmann::json& from);

  struct ending {
    double seconds = 0;
    std::string stopped_by;
    std::string failure;
    score test;        ///< of the saved model; has_data false: no test part
    score validation;  ///< the same on the validation part, where there is one
    std::uint64_t rebalances = 0;
  };
  /// summary.json, its keys in order.
  nlohmann::ordered_json summary(const ending& end) const;

 private:
  struct worker_totals {
    std::uint64_t rows = 0, mini_batches = 0, commits = 0;
    std::uint64_t bytes_sent = 0, bytes_received = 0;
    double seconds = 0, waited = 0, speed = 0;
    double commit_staleness = 0;  // summed over its commits
    // Of the last window:
    double window_loss = 0, window_staleness = 0;
    std::uint64_t window_rows = 0, window_correct = 0;
    // Since the last report:
    double report_time = 0, loss = 0, staleness = 0;
    std::uint64_t report_rows = 0, correct = 0, windows = 0;
    std::uint64_t report_sent = 0, report_received = 0;
    std::uint32_t epoch = 0;
    // Of the last epoch it trained in: summed by worker, so that it does not matter in which order
    // the workers' reports arrive.
    double epoch_loss = 0;
    std::uint64_t epoch_rows = 0;
    std::uint32_t last_epoch = 0;
  };
  /// Mean loss over the rows of the last epoch; not-a-number before the first row.
  double train_loss() const;

  std::shared_ptr<const run_plan> plan_;
  std::vector<worker_totals> workers_;
  std::uint64_t rows_ = 0, commits_ = 0, bytes_sent_ = 0, bytes_received_ = 0, repeats_ = 0;
  std::uint64_t dropped_ = 0, rows_repeated_ = 0;
  double staleness_ = 0;
};

/// Adds `<prefix>_loss` and `<prefix>_<metric>` to a JSON object; not-a-number is null.
void add_score(nlohmann::ordered_json& out, const std::string& prefix, const score& s);

/// Why the same seed need not give the same bits; empty where it does.
std::string why_not_reproducible(const job& of, const protocol_entry& protocol);

}  // namespace troupe
