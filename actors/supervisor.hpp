#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "troupe/actors/allocation.hpp"
#include "troupe/actors/archivist.hpp"
#include "troupe/actors/cast.hpp"
#include "troupe/actors/checkpoint.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/actors/run_totals.hpp"
#include "troupe/actors/slice_map.hpp"
#include "troupe/actors/stop_rules.hpp"
#include "troupe/actors/training_curve.hpp"

namespace troupe {

/// The actors a supervisor leads.
struct cast_handles {
  std::vector<parameter_server_actor> servers;
  std::vector<data_shard_actor> shards;
  std::vector<worker_actor> workers;
  evaluator_actor evaluator;
  recorder_actor recorder;
  /// Casts parts anew, which a run needs that is to go back.
  casting_actor casting = {};
  bool recasts_lost = true;  ///< so, too, where parts are lost; else, a loss ends the run
  /// Keeps checkpoints; without it there are none.
  archivist_actor archivist = {};
  checkpoint_ptr from = nullptr;  ///< what the run goes on from
  /// Seconds a run waits for a worker to come back when there is none left.
  double patience = 30;
  /// The nodes of servers, shards and workers, for messages; empty in one process.
  std::vector<std::string> server_nodes = {}, shard_nodes = {}, worker_nodes = {};
};

/// Leads one run from the first install to the outcome; what it decides by is in `allocation`,
/// `run_totals` and `stop_rules`.
///
///     installing ── all slices ──► joining ── all workers ready ──► training
///         ──  all rows done, or a reason to stop ──► finishing ── all workers finished ──►
///         scoring ── the saved model is scored ──► done
///
/// With a warm start only the first worker joins at first; the others join while it trains. A
/// worker that is lost is fenced off at the servers, which say what they took of it; the rest is
/// given out again, and the part is recast (supervisor_losses.cpp). Where a server is lost others
/// that keep backups of its slices take over (supervisor_backups.cpp). Without backups a part of
/// the model is lost: all go back to the last checkpoint, to installing
/// (supervisor_going_back.cpp). Any other failure (an answer that is an error) goes straight to
/// done.
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
  void recast(std::uint32_t worker, std::uint32_t incarnation, const worker_actor& actor);
  void recast(std::uint32_t shard, const data_shard_actor& actor);
  void recast(std::uint32_t server, const parameter_server_actor& actor);
  void join(const std::string& node, std::uint32_t worker, const worker_actor& actor);
  void join(const std::string& node, std::uint32_t server, const parameter_server_actor& actor);
  void lost(const part_lost& which);
  void unreachable(const caf::actor_addr& server);
  void note(const run_event& event) { record(event.name, event.facts); }
  void suspect(std::uint32_t worker, bool silent);
  caf::result<std::string> status();
  /// A checkpoint soon; an event says so.
  void keep();
  /// No work is given out until this is taken back: workers train what they hold, then wait, and
  /// the run's time stands still.
  caf::result<bool> pause(bool paused);
  void stop(const std::string& reason);
  void tick();
  void down(const caf::down_msg& message);
  /// An exception in a handler ends this actor: the outcome leaves at once.
  void crashed(const std::string& why);

 private:
  /// Least seconds between two lines of history of one worker.
  static constexpr double report_seconds = 0.25;
  enum class mode { idle, installing, joining, training, finishing, scoring, done };

  /// What the supervisor knows of one worker's part.
  enum class presence { absent, invited, ready, lost };
  struct role_state {
    presence now = presence::absent;
    std::uint32_t incarnation = 1;
    std::uint32_t asked = 1;     ///< the last incarnation that was cast or asked for
    std::uint64_t reported = 0;  ///< the last window, by its sequence
    double heard = 0;            ///< when that was
    bool finishing = false;      ///< was told to finish and has not answered
    std::uint32_t fenced = 0;    ///< the incarnation that was lost; its successor may be here
    std::size_t fencing = 0;     ///< servers that have not said what they took of it
    std::uint64_t fence = 0;     ///< which time they were asked
    struct window {
      std::size_t slices = 0;
      std::uint64_t rows = 0;
      std::uint32_t mini_batches = 0;
    };
    using windows = std::map<std::uint64_t, window>;  ///< by sequence
    windows taken;
    std::uint32_t fruitless = 0;                ///< losses in a row without a window in between
    std::uint64_t moved_in = 0, moved_out = 0;  ///< rows handed on to it, and taken from it
  };
  enum class role { server, shard, worker, helper };
  struct watched {
    role what = role::helper;
    std::uint32_t number = 0;
    std::string name;
  };

  void install();
  void installed();
  const char* state_of(std::uint32_t worker) const;
  nlohmann::ordered_json worker_status(std::uint32_t worker, std::uint64_t most_windows) const;
  std::uint64_t windows_of(std::uint32_t worker) const;
  void introduce();
  route_msg make_route() const;
  void introduce_worker(std::uint32_t worker, const route_msg& route);
  void introduce_workers(std::uint32_t first, std::uint32_t last);
  void begin_training_if_ready();
  void end_warm_start_if_due();
  void go_on_if_paused();
  void grant();
  void record_shares();
  void send_view();
  void evaluate_if_due();
  void evaluated(const score& s, std::uint64_t rows);
  void record_evaluation(report line);
  void finish_workers();
  void score_center();
  void score_model(const score& last);
  void on_error(const caf::error& problem);
  void fail(const std::string& why);
  void conclude(const snapshot_ptr& model);
  void deliver(const snapshot_ptr& model);
  void leave();
  void unrecorded(const std::string& why);
  void lose_worker(std::uint32_t worker, const std::string& why);
  void lose_shard(std::uint32_t shard, const std::string& why);
  void lose_server(std::uint32_t server, const std::string& why);
  void fence(std::uint32_t worker);
  void back_up();
  void lead(const slice_map::homes& servers);
  void filled(const std::vector<std::pair<std::size_t, std::uint64_t>>& backups);
  void move_homes(const slice_map::homes& told);
  void hand_over(const slice_map::homes& told);
  void even_out();
  void reroute();
  void go_back(const std::string& why, std::uint64_t most);
  bool go_back_diverged();
  void retire_workers();
  void start_from(const checkpoint_ptr& from);
  void install_again_if_whole();
  void fenced(const schema::Fenced::Reader& message, std::uint64_t fence);
  void settle(std::uint32_t worker);
  void give_up_if_lonely();
  bool is_current(std::uint32_t worker, std::uint32_t incarnation) const;
  void worker_finished(std::uint32_t worker);
  void go_on_from(const checkpoint& from);
  void checkpoint_if_due();
  void cut();
  void report_while_cutting(const schema::Progress::Reader& message);
  void write_cut();
  void uncut(const std::string& why);
  void end_cut();
  struct kept_windows {
    std::uint64_t until = 0;  ///< windows that are in all slices, by their sequence
    role_state::windows unreported;
  };
  using taken_windows = capnp::List<schema::TakenWindow>::Reader;
  static void count_slice(taken_windows took, std::uint64_t reported, role_state::windows& out);
  kept_windows windows_in_images(std::uint32_t worker) const;
  void all_finished();
  void watch(const caf::actor_addr& actor, role what, std::uint32_t number);
  void record(const std::string& event, nlohmann::json facts = nlohmann::json::object());
  void report_progress(std::uint32_t worker, double least_seconds);
  void report_progress_of_all(double least_seconds);
  double now() const;

  pointer self_;
  std::shared_ptr<const run_plan> plan_;
  cast_handles cast_;
  std::map<caf::actor_addr, watched> watched_;
  std::optional<slice_map> slices_;  // where they are
  bool backs_up_ = false;            // or could
  view_msg view_;                    // the last one
  mode mode_ = mode::idle;

  std::optional<allocation> allocation_;
  std::optional<run_totals> totals_;
  training_curve curve_;
  std::optional<report> evaluation_;  // the last one
  std::optional<stop_rules> rules_;
  std::vector<role_state> parts_;  // of each worker
  std::string last_loss_;          // why the last worker was lost
  std::optional<caf::actor_clock::time_point> lonely_since_;
  std::optional<warm_start> warming_;  // while only the first worker trains
  std::size_t waiting_ = 0;            // answers outstanding in the current mode
  std::uint64_t evaluations_asked_ = 0;
  std::uint64_t evaluations_due_ = 0;  // by the rows trained when the last one was asked for
  bool evaluating_ = false;
  /// A checkpoint in the making.
  struct cutting {
    std::uint64_t number = 0;
    double began = 0;
    std::vector<image_msg> images;  ///< of the slices
    std::size_t missing = 0;
    /// What each worker reported meanwhile: the window, and rows of it.
    std::vector<std::vector<std::pair<std::uint64_t, ledger_image::part>>> late;
    bool last = false;  ///< the run ends with it
  };
  std::unique_ptr<cutting> cutting_;
  std::uint64_t checkpoints_ = 0;  // the number of the last one
  double last_cut_ = 0;
  /// Checkpoints that are on the disk, as status tells of them.
  struct {
    std::uint64_t written = 0;  ///< since this process leads the run
    double time = 0;            ///< of the last one: seconds since training began
    std::uint64_t rows = 0;
  } kept_;
  bool keep_asked_ = false;
  /// Where a server is lost, and where the run goes back to its last checkpoint
  /// (supervisor_backups.cpp, supervisor_going_back.cpp).
  struct going_back {
    std::set<std::uint32_t> lost;  ///< servers that nobody plays yet
    bool waits = false;            ///< for the checkpoint
    std::uint64_t reached = 0;     ///< rows trained when a server was last lost
    std::uint32_t fruitless = 0;   ///< times in a row without a row trained in between
    std::uint32_t diverged = 0;    ///< times it went back for that
    std::uint64_t checkpoint = 0;  ///< it last went back to
    std::uint64_t made = 0;        ///< the last checkpoint then
  };
  going_back back_;
  double rate_ = 1;        // factor of the job's learning rate
  std::uint64_t age_ = 0;  // times it went back; answers to what was asked before are void
  bool ticking_ = false;
  double trained_before_ = 0;  // seconds, where the run goes on from a checkpoint
  run_totals::ending ending_;
  std::optional<caf::actor_clock::time_point> start_, paused_since_;
  std::optional<caf::typed_response_promise<outcome_ptr>> promise_;
  outcome_ptr outcome_;  // once the run is over, however early
};

/// The supervisor of one run over a cast that lives already.
supervisor_actor::behavior_type supervisor(supervisor_state::pointer self,
                                           std::shared_ptr<const run_plan> plan, cast_handles cast);

}  // namespace troupe
