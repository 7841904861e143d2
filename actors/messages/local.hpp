#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

// What only actors of one process say to each other: supervisor, evaluator, recorder and the
// program around them live where the run was started.

/// The centre at one moment; of an ensemble, its models one after the other.
struct center_snapshot {
  std::vector<float> parameters, statistics;
};
using snapshot_ptr = std::shared_ptr<const center_snapshot>;

enum class score_part { watch, test };

/// supervisor -> evaluator: score the centre (or `snapshot`, if given) on the part that is watched
/// while training goes on (validation, else test), or on the test part.
struct score_request {
  std::uint64_t number = 0;
  score_part part = score_part::watch;
  snapshot_ptr snapshot;
};

/// evaluator -> supervisor.
struct score {
  std::uint64_t number = 0;
  score_part part = score_part::watch;
  bool has_data = false;  ///< false: there is no such part; only the snapshot means something
  double loss = 0;        ///< mean over the rows
  std::vector<std::pair<std::string, double>> metrics;
  /// Tables that go with a metric (a confusion matrix: truth by rows, prediction by columns).
  std::vector<std::pair<std::string, std::vector<double>>> tables;
  double seconds = 0;
  snapshot_ptr snapshot;
};

/// director -> supervisor: somebody is lost whom his connection does not betray, being silent.
struct part_lost {
  enum class role { server, shard, worker };
  role what = role::worker;
  std::uint32_t number = 0;
  std::uint32_t incarnation = 1;  ///< of a worker
  std::string reason;
};

/// One line of history.jsonl: a worker's progress since its last report, or an evaluation.
struct report {
  double time = 0;  ///< seconds since training started
  bool evaluation = false;
  std::string part;  ///< of an evaluation: what was scored, "validation" or "test"
  std::uint32_t worker = 0;
  std::uint32_t epoch = 0;  ///< counted from 1
  std::uint64_t rows = 0;   ///< trained so far in the whole run
  std::uint64_t total_rows = 0;
  double loss = 0;
  double accuracy = 0;  ///< not-a-number where the loss has no classes
  double staleness = 0;
  double samples_per_second = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;     ///< of a worker, since its report before
  std::vector<std::pair<std::string, double>> metrics;  ///< of an evaluation
};

/// One line of events.jsonl.
struct run_event {
  double time = 0;
  std::string name;
  nlohmann::json facts;
};

/// What a run ends with: the numbers of summary.json, and the model.
struct run_outcome {
  nlohmann::ordered_json summary;
  snapshot_ptr model;  ///< null where training never started
  std::string stopped_by;
  std::string failure;  ///< one line naming who and why, where stopped_by is "failed"/"diverged"
};
using outcome_ptr = std::shared_ptr<const run_outcome>;

}  // namespace troupe
