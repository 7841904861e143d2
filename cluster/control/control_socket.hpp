#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "troupe/cluster/control/control_desk.hpp"
#include "troupe/cluster/control/run_socket.hpp"

namespace troupe {

class control_peer;

/// What clients may cost a run, whoever they are.
struct control_limits {
  /// With as many here, a new one takes the place of that which has been quiet for longest.
  std::size_t clients = 128;
  std::size_t request = std::size_t{1} << 16;  ///< bytes of a line
  /// At the end of the run: for clients to take what they are still to be told.
  std::chrono::milliseconds farewell{1000};
};

/// The socket `<folder>/control` of a living run: hands the lines of any number of clients to a
/// desk and writes its answers, from one thread of its own. Clients that are silent, slow or talk
/// nonsense cost a bounded amount of memory and no time but their own.
class control_socket {
 public:
  /// \throws error (run) where nobody can listen there, or somebody does.
  control_socket(const std::string& folder, std::shared_ptr<control_desk> desk,
                 control_limits limits = {});
  /// Takes the socket away, tells those who follow the last events, and hangs up.
  ~control_socket();
  control_socket(const control_socket&) = delete;
  control_socket& operator=(const control_socket&) = delete;

 private:
  using clock = std::chrono::steady_clock;

  void serve();
  /// Waits for descriptors and serves the peers that are ready. \returns whether the bell rang.
  bool turn(int milliseconds);
  /// Milliseconds until something is to be done that no descriptor tells of; -1: nothing.
  int patience() const;
  void welcome();

  std::shared_ptr<control_desk> desk_;
  control_limits limits_;
  std::optional<run_listener> listener_;
  owned_file bell_;  // rings at the end
  std::vector<std::unique_ptr<control_peer>> peers_;
  bool deaf_ = false;  // out of descriptors: listens again a little later
  std::thread thread_;
};

}  // namespace troupe
