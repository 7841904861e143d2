#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/payload.hpp"
#include "troupe/actors/replica.hpp"
#include "troupe/actors/row_feed.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// A worker's conversation; what it computes is in `replica`, its rows are in `row_feed`.
///
///     joining ── all slices pulled ──► training ◄── all slices answered ── answering
///                                         └────── the window closes ──────────►┘
///
/// While answering nothing is trained: the next window starts from the answers. A fetch (a pull in
/// the middle of a window) is an exchange, too. With overlap the next window is trained meanwhile,
/// and only where it closes before all slices are answered, the worker is `answering`; what they
/// brought moves the replica when it closes, and the commit that follows carries what was trained.
class worker_state {
 public:
  static inline const char* name = "worker";
  using pointer = worker_actor::stateful_pointer<worker_state>;

  explicit worker_state(pointer self) : self_(self) {}
  void begin(std::shared_ptr<const run_plan> plan, std::uint32_t number, std::uint32_t incarnation);

  void join(const route_msg& route, const leader_actor& supervisor,
            const std::vector<parameter_server_actor>& servers,
            const std::vector<data_shard_actor>& shards);
  void assign(const schema::Assign::Reader& message);
  void revoke(const schema::Revoke::Reader& message);
  void step();
  /// The answer to a commit that was held.
  void answered_later(const schema::Verdict::Reader& verdict, const center_msg& center);
  caf::result<finished_atom> finish();
  void down(const caf::down_msg& message);
  void still_gone(const caf::actor_addr& server);
  void look_at_clock();

 private:
  enum class mode { joining, training, answering, stopped };

  void joined();
  void fetch_more();
  void fetch_from(std::size_t shard, const row_feed::request& wanted);
  void reroute(const std::vector<parameter_server_actor>& home);
  void replace_shards(const std::vector<data_shard_actor>& shards);
  void schedule();
  intent decide(const mini_batch& rows, intent wanted);
  void act(intent what);
  void close_window(intent how);
  void fetch_center();
  void send_more();
  void ask(std::uint32_t slice);
  commit_msg make_commit(std::uint32_t slice);
  // False, and the worker has ended: an answer does not fit.
  bool take_answer(std::uint32_t slice, const schema::Verdict::Reader& verdict,
                   const center_msg& center);
  bool move_replica(std::uint32_t slice);
  bool take_late();
  void note_wait();
  void note_times();
  void window_done();
  void report_window();
  void go_on();
  void wind_up();
  void yield(std::uint64_t lease, const position_range& rest);
  void yield_rounds();
  void diverge(std::int64_t slice, const std::string& reason);
  void fail(const std::string& why);
  void fail(const std::string& doing, const caf::error& problem);
  void set_clock();
  bool lacks_answers() const;

  pointer self_;
  std::shared_ptr<const run_plan> plan_;
  std::uint32_t number_ = 0, group_ = 0;
  std::uint32_t first_slice_ = 0;  // of its group; slices below are counted from there
  std::uint32_t incarnation_ = 1;
  std::string who_;
  mode mode_ = mode::joining;

  leader_actor supervisor_;
  std::vector<parameter_server_actor> home_;  // of each slice of its group
  std::vector<data_shard_actor> shards_;
  center_puller puller_;
  std::unique_ptr<replica> replica_;
  std::unique_ptr<row_feed> feed_;
  std::unique_ptr<payload_codec> codec_;
  std::unique_ptr<answer_codec> answers_;
  bool step_sent_ = false;
  position_range last_batch_;
  std::uint32_t last_epoch_ = 0;

  // The exchange under way or, with overlap, the last one: the window it commits, how many slices
  // were sent, lack a verdict, or are answered later, and what is known of each.
  struct exchanged_slice {
    commit_msg sent;  // until it is answered, or the protocol has read it again
    bool answered = false;
    bool waits = false;  // its answer comes later
    replica::news what = replica::news::applied;
    center_msg center;  // until the replica has taken it
  };
  bool exchanging_ = false;        // some slice is not answered
  bool late_ = false;              // answers wait for the window that is open to close
  intent pending_ = intent::none;  // that window closes as soon as all slices are answered
  replica::window_sums committed_;
  std::size_t next_slice_ = 0, unanswered_ = 0, held_ = 0;
  intent how_ = intent::none;
  bool dropped_ = false;
  std::vector<exchanged_slice> slices_;
  std::uint64_t view_ = 0, clock_ = 0, round_ = 0;
  std::vector<float> scratch_;
  std::vector<std::uint64_t> base_version_;  // of the centre the replica stands on
  std::vector<std::uint64_t> window_base_;   // of the one that `committed_` started from
  std::uint64_t sequence_ = 0;
  std::uint64_t staleness_ = 0, bytes_sent_ = 0, bytes_received_ = 0;
  std::uint32_t repeats_ = 0;
  std::uint64_t window_rows_ = 0;  // a window's size; 0: the protocol says
  caf::actor_clock::time_point window_start_;
  double seconds_ = 0, waited_ = 0;                            // of `committed_`
  std::optional<caf::actor_clock::time_point> waiting_since_;  // for others
  // When something was asked or answered last. One clock for all: a timer for each request costs as
  // much as a small exchange.
  caf::actor_clock::time_point talked_;
  bool clock_set_ = false;
  std::vector<caf::typed_response_promise<finished_atom>> finishing_;
};

/// Worker `number` of the run, in this incarnation (1, 2 ...); to be spawned detached (it computes
/// for long), except in tests.
worker_actor::behavior_type worker(worker_state::pointer self, std::shared_ptr<const run_plan> plan,
                                   std::uint32_t number, std::uint32_t incarnation);

}  // namespace troupe
