#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "troupe/actors/allocation.hpp"
#include "troupe/actors/cast.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/actors/run_totals.hpp"
#include "troupe/actors/stop_rules.hpp"

namespace troupe {

/// The actors a supervisor leads.
struct cast_handles {
  std::vector<parameter_server_actor> servers;
  std::vector<data_shard_actor> shards;
  std::vector<worker_actor> workers;
  evaluator_actor evaluator;
  recorder_actor recorder;
};

/// Leads one run from the first install to the outcome; what it decides by is in `allocation`,
/// `run_totals` and `stop_rules`.
///
///     installing ── all slices ──► joining ── all workers ready ──► training
///         ──  all rows done, or a reason to stop ──► finishing ── all workers finished ──►
///         scoring ── the saved model is scored ──► done
///
/// With a warm start only the first worker joins at first; the others join while it trains.
/// A failure anywhere (an actor that ends, an answer that is an error) goes straight to done.
class supervisor_state {
 public:
  static inline const char* name = "supervisor";
  using pointer = supervisor_actor::stateful_pointer<supervisor_state>;

  explicit supervisor_state(pointer self) : self_(self) {}
  void begin(std::shared_ptr<const run_plan> plan, cast_handles cast);

  caf::result<outcome_ptr> run();
  void ready(const schema::Ready::Reader& message);
  void progress(const schema::Progress::Reader& message);
  void yielded(const schema::Yielded::Reader& message);
  void diverged(const schema::Diverged::Reader& message);
  void stop(const std::string& reason);
  void tick();
  void down(const caf::down_msg& message);
  /// An exception in a handler ends this actor: the outcome leaves at once.
  void crashed(const std::string& why);

 private:
  enum class mode { idle, installing, joining, training, finishing, scoring, done };

  void install();
  void introduce();
  void introduce_workers(std::uint32_t first, std::uint32_t last);
  void begin_training();
  void end_warm_start_if_due();
  void grant();
  void send_view();
  void evaluate_if_due();
  void evaluated(const score& s, std::uint64_t rows);
  void finish_workers();
  void score_center();
  void score_model(const score& last);
  void on_error(const caf::error& problem);
  void fail(const std::string& why);
  void conclude(const snapshot_ptr& model);
  void deliver(const snapshot_ptr& model);
  void watch(const caf::actor_addr& actor, const std::string& who);
  void record(const std::string& event, nlohmann::json facts = nlohmann::json::object());
  void report_progress(bool all);
  double now() const;

  pointer self_;
  std::shared_ptr<const run_plan> plan_;
  cast_handles cast_;
  std::vector<std::pair<caf::actor_addr, std::string>> watched_;
  std::vector<std::uint32_t> home_;  // of each slice: index of its server
  mode mode_ = mode::idle;

  std::optional<allocation> allocation_;
  std::optional<run_totals> totals_;
  std::optional<stop_rules> rules_;
  std::vector<bool> joined_;
  std::optional<warm_start> warming_;  // while only the first worker trains
  std::size_t waiting_ = 0;            // answers outstanding in the current mode
  std::uint64_t evaluations_asked_ = 0;
  std::uint64_t evaluations_due_ = 0;  // by the rows trained when the last one was asked for
  bool evaluating_ = false;
  run_totals::ending ending_;
  std::optional<caf::actor_clock::time_point> start_;
  std::optional<caf::typed_response_promise<outcome_ptr>> promise_;
  outcome_ptr outcome_;  // once the run is over, however early
};

/// The supervisor of one run over a cast that lives already.
supervisor_actor::behavior_type supervisor(supervisor_state::pointer self,
                                           std::shared_ptr<const run_plan> plan, cast_handles cast);

}  // namespace troupe
