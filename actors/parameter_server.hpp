#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/center_slice.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/actors/slice_backups.hpp"

namespace troupe {

/// A server's slices, who waits for which of them, and what it holds for other servers.
///
/// Where a slice has backups, whatever tells somebody of a change of it (an answer, a centre, the
/// end of a round) leaves once they hold that change: nobody has seen what could still be lost. A
/// home that was replaced without its knowledge tells nobody anything, since its backups do not
/// listen to it (parameter_server_backups.cpp).
class parameter_server_state {
 public:
  static inline const char* name = "parameter_server";
  using pointer = parameter_server_actor::stateful_pointer<parameter_server_state>;

  explicit parameter_server_state(pointer self) : self_(self) {}
  void begin(std::shared_ptr<const run_plan> plan, std::uint32_t number);

  /// \throws error (run) for a slice that is not of this run, as all that follow.
  void install(const schema::Install::Reader& message);
  void lead(const schema::Lead::Reader& message, const std::vector<backup_actor>& servers);
  void hold(const image_msg& message);
  caf::result<flush_atom> flush();
  caf::result<verdict_msg, center_msg> commit(const commit_msg& message);
  caf::result<center_msg> pull(const pull_msg& message);
  caf::result<image_msg> capture(const schema::Capture::Reader& message);
  caf::result<fenced_msg> fence(const schema::Fence::Reader& message);
  void join(const schema::View::Reader& message);
  void close(const close_msg& message);
  load_msg load() const;
  void meet(const std::vector<round_listener_actor>& peers);

 private:
  using commit_promise = caf::typed_response_promise<verdict_msg, center_msg>;
  using pull_promise = caf::typed_response_promise<center_msg>;

  struct waiting_pull {
    std::uint32_t worker = 0;
    std::uint64_t version = 0;
    pull_promise promise;
  };

  struct waiting_capture {
    std::uint64_t clock = 0;
    caf::typed_response_promise<image_msg> promise;
  };

  /// A slice whose home is here.
  struct place {
    center_slice slice;
    std::uint64_t term = 0;
    slice_backups<backup_actor> backups = {};
    // What it has been through here.
    std::uint64_t commits = 0, bytes_received = 0, bytes_sent = 0;
    std::vector<waiting_pull> pulls = {};             // for rounds to come
    std::optional<waiting_capture> captured = {};     // the same
    std::map<std::uint32_t, worker_actor> held = {};  // who waits for an answer
  };
  /// One of another server's.
  struct copy {
    std::uint64_t term = 0;
    image_msg image = {};
    /// What workers (or nobody in particular) want who know more than this server: that it is the
    /// home now. By worker, and whether it is a pull.
    std::map<std::pair<std::uint32_t, bool>, std::function<void()>> early = {};
  };

  place& settle(std::uint32_t number, center_slice slice, std::uint64_t term);
  std::string why_not(const schema::Commit::Reader& message) const;
  void take(const commit_msg& message, const worker_actor& from, commit_promise promise);
  void look_up(const pull_msg& message, pull_promise promise);
  /// Answers to workers whose commits to this slice were held before.
  void send(place& at, center_slice::answers answers);
  template <class Change>
  center_slice::answers change(place& at, Change what);
  void after(std::uint32_t number);
  void count(place& at, const center_slice::answer& answer);
  void tell_peers(place& at, const center_slice::rounds& closed);
  void copy_to_backups(std::uint32_t number);
  using action = std::function<void()>;
  void do_ready(place& at);
  void once_kept(place& at, action what);
  void once_all_kept(const std::vector<std::uint32_t>& slices, action what);
  bool keep_for_later(std::uint64_t run, std::uint32_t slice, std::uint32_t worker, bool pulls,
                      action what);
  static constexpr std::uint64_t most_rounds_ahead = 64;
  bool is_near(std::uint64_t clock) const;
  bool decides(std::uint32_t number) const { return number == 0 && plan_->closes_rounds(); }

  pointer self_;
  std::shared_ptr<const run_plan> plan_;
  std::uint32_t number_ = 0;
  std::shared_ptr<center_slice::codecs> codecs_;
  std::map<std::uint32_t, place> slices_;
  std::map<std::uint32_t, copy> copies_;
  membership members_;
  std::uint64_t installed_under_ = 0;        // the view when the slices came here
  std::vector<close_msg> early_closes_;      // of views that are not here yet
  std::vector<round_listener_actor> peers_;  // all servers; of the one that closes rounds
  supervisor_actor leader_;                  // who says where backups are
};

/// Parameter server `number` of the run.
parameter_server_actor::behavior_type parameter_server(parameter_server_state::pointer self,
                                                       std::shared_ptr<const run_plan> plan,
                                                       std::uint32_t number);

}  // namespace troupe
