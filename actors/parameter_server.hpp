#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/center_slice.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// A server's slices, and who waits for which of them.
class parameter_server_state {
 public:
  static inline const char* name = "parameter_server";
  using pointer = parameter_server_actor::stateful_pointer<parameter_server_state>;

  explicit parameter_server_state(pointer self) : self_(self) {}
  void begin(std::shared_ptr<const run_plan> plan, std::uint32_t number);

  /// \throws error (run) for a slice that is not of this run, as `pull`.
  void install(const schema::Install::Reader& message);
  caf::result<verdict_msg, center_msg> commit(const commit_msg& message);
  caf::result<center_msg> pull(const schema::Pull::Reader& message);
  caf::result<image_msg> capture(const schema::Capture::Reader& message);
  /// \throws error (run) for a worker that is not of this run.
  fenced_msg fence(const schema::Fence::Reader& message);
  void join(const schema::View::Reader& message);
  void close(const close_msg& message);
  load_msg load() const;
  void meet(const std::vector<round_listener_actor>& peers) { peers_ = peers; }

 private:
  struct waiting_pull {
    std::uint32_t worker = 0;
    std::uint64_t version = 0;
    caf::typed_response_promise<center_msg> promise;
  };

  struct waiting_capture {
    std::uint64_t clock = 0;
    caf::typed_response_promise<image_msg> promise;
  };

  /// What one slice has been through here.
  struct slice_load {
    std::uint64_t commits = 0, bytes_received = 0, bytes_sent = 0;
  };

  std::string why_not(const schema::Commit::Reader& message) const;
  /// Answers to workers whose commits to this slice were held before.
  void send(std::uint32_t slice, center_slice::answers answers);
  void after(std::uint32_t slice);
  void count(std::uint32_t slice, const center_slice::answer& answer);
  static constexpr std::uint64_t most_rounds_ahead = 64;
  bool is_near(std::uint64_t clock) const;

  pointer self_;
  std::shared_ptr<const run_plan> plan_;
  std::uint32_t number_ = 0;
  std::shared_ptr<center_slice::codecs> codecs_;
  std::map<std::uint32_t, center_slice> slices_;
  std::map<std::uint32_t, slice_load> loads_;  // of each slice
  membership members_;
  std::uint64_t installed_under_ = 0;        // the view when the slices came here
  std::vector<close_msg> early_closes_;      // of views that are not here yet
  std::vector<round_listener_actor> peers_;  // all servers; of the one that closes rounds
  std::map<std::pair<std::uint32_t, std::uint32_t>, worker_actor> held_;  // by slice and worker
  std::map<std::uint32_t, std::vector<waiting_pull>> pulls_;  // for rounds to come, by slice
  std::map<std::uint32_t, waiting_capture> captures_;         // the same
};

/// Parameter server `number` of the run.
parameter_server_actor::behavior_type parameter_server(parameter_server_state::pointer self,
                                                       std::shared_ptr<const run_plan> plan,
                                                       std::uint32_t number);

}  // namespace troupe
