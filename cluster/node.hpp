#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "troupe/cluster/transport/credentials.hpp"
#include "troupe/config/job.hpp"

namespace troupe {

/// Lets another thread (or a signal handler's thread) end a node.
class node_control {
 public:
  node_control();
  ~node_control();
  node_control(const node_control&) = delete;
  node_control& operator=(const node_control&) = delete;

  /// Asks the node to leave once the windows under way are done; a second time: at once. Any
  /// thread.
  void leave();

 private:
  friend class node_session;
  struct implementation;
  std::shared_ptr<implementation> implementation_;
};

struct node_options {
  std::string director_host;  ///< where the job was launched
  std::uint16_t director_port = 0;
  std::string name;     ///< as the job calls this node
  std::string cluster;  ///< id of the cluster
  /// Where the job names no such node: what it plays to help. Else it plays what the job says.
  std::uint32_t workers = 0, parameter_servers = 0;
  std::string listen = "127.0.0.1";   ///< address it listens on
  std::uint16_t port = 0;             ///< 0: the system chooses
  std::string advertised_host;        ///< where others reach it; "": as the job says
  std::uint16_t advertised_port = 0;  ///< 0: the port it listens on
  std::optional<credentials> tls;     ///< none: plain connections, on loopback only
  double dead_after = 10;  ///< seconds of silence after which a connection counts as lost
  double patience = 60;    ///< seconds to find the director in, at first
  std::function<void(const std::string&)> log;  ///< lines for people; any thread
  node_control* control = nullptr;              ///< must outlive the node
};

/// Joins a cluster and plays what parts it is given, until told to leave.
/// \returns "" or, in one line, why it gave up. \throws error (run) where it cannot even start.
std::string run_node(const node_options& options, const catalogue& known = catalogue::builtin());

}  // namespace troupe
