#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "troupe/actors/cast.hpp"
#include "troupe/cluster/control/control_desk.hpp"
#include "troupe/cluster/control/control_socket.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

/// The control desk of a run that is led in this process, and its socket in the run's folder. While
/// there is no supervisor yet (nodes are awaited, say) the status has the run's name, the state
/// "assembling" and the nodes.
class run_desk {
 public:
  /// What is known of the nodes of the run: an array of objects with the same keys in each. Called
  /// by any thread; may wait for an actor's answer, for a second or so.
  using nodes_source = std::function<nlohmann::ordered_json()>;

  /// `stop` ends the run, by "command". Where nobody can listen in the folder (its file system
  /// knows no sockets, say), the run goes on without: see `problem`. Without a folder ("") there is
  /// no socket, and nobody is told of events.
  run_desk(caf::actor_system& system, const job& of, const std::string& folder,
           std::function<void()> stop);
  /// Waits for who is being answered. Later requests are told that the run is over.
  ~run_desk();
  run_desk(const run_desk&) = delete;
  run_desk& operator=(const run_desk&) = delete;

  void nodes_from(nodes_source nodes);
  /// Where the run is watched over HTTP, as its status tells.
  void metrics_at(const std::string& url);
  /// From now on this one is asked.
  void led_by(supervisor_actor supervisor);

  /// For requests that come by other ways than the socket.
  const std::shared_ptr<control_desk>& desk() const noexcept { return desk_; }
  /// Why there is no socket; empty: there is one.
  const std::string& problem() const noexcept { return problem_; }

 private:
  struct source;
  std::shared_ptr<source> source_;  // shared with the desk, which may outlive this
  std::shared_ptr<control_desk> desk_;
  std::optional<control_socket> socket_;
  std::string problem_;
};

}  // namespace troupe
