#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/faults/namespaces.hpp"
#include "cluster/faults/relay.hpp"
#include "cluster/process.hpp"
#include "cluster/workspace.hpp"

namespace troupe::testing {

struct world_node {
  std::string name;
  int parameter_servers = 0, workers = 0, data_shards = 0;
};

/// Two nodes with a parameter server each, three with a worker and a data shard each.
std::vector<world_node> five_nodes();

struct world_options {
  std::string job;  ///< as YAML, without its cluster section
  std::vector<world_node> nodes = five_nodes();
  std::map<std::string, std::string> cluster = {};  ///< more keys of the cluster section
  bool tls = false;
  /// A relay in front of every node's port, and one between every node and the launcher.
  bool relays = false;
  /// The launcher runs in the first of them, the nodes in those that follow; needs `tls`.
  const namespaces* machines = nullptr;
  long open_files = 0;  ///< RLIMIT_NOFILE of every process; 0: as the test's own
};

/// A cluster of real processes: `troupe launch`, which starts nothing itself, and a `troupe node`
/// for each node. All of them end with this.
class cluster_world {
 public:
  /// Starts all processes. \throws std::runtime_error where the launcher does not come to listen.
  explicit cluster_world(const world_options& options);
  ~cluster_world();

  process& launcher() { return *launcher_; }
  process& node(std::size_t i) { return *members_.at(i).program; }
  std::size_t nodes() const noexcept { return members_.size(); }
  relay& to_node(std::size_t i) { return *members_.at(i).way_in; }
  relay& to_launcher(std::size_t i) { return *members_.at(i).way_out; }
  /// The launcher, then the nodes.
  std::vector<process*> processes();
  /// One more node, which the job does not name.
  void help(const world_node& extra);
  /// Where the launcher listens.
  const address_and_port& place() const noexcept { return place_; }

  /// Waits for a condition while it takes what the processes write. \returns false where it does
  /// not come true in time, or the launcher ends before.
  bool until(const std::function<bool()>& condition,
             std::chrono::seconds patience = std::chrono::seconds(60));
  /// Waits for the launcher's end, then for the nodes'. \throws std::runtime_error where one of
  /// them does not end in time.
  outcome finish(std::chrono::seconds patience = std::chrono::seconds(120));
  /// Waits until all nodes have ended. \returns false where one has not.
  bool nodes_end(std::chrono::seconds patience = std::chrono::seconds(30));

  std::string folder() const { return files_ / "run"; }
  std::string model() const { return files_ / "run/model.troupe"; }
  nlohmann::json summary() const { return files_.json("run/summary.json"); }
  /// The events so far with this name; "": all.
  std::vector<nlohmann::json> events(const std::string& name = "") const;
  /// Rows trained by the last report of each worker, of the history so far.
  std::uint64_t reports() const;
  /// What everybody has written so far, for messages.
  std::string story();

 private:
  struct member {
    std::unique_ptr<relay> way_in, way_out;
    std::unique_ptr<process> program;
    bool reachable = false;  ///< the relay knows its port
  };
  void write_credentials();
  std::string job_text() const;
  std::vector<std::string> credentials_of_a_node() const;
  std::string address_of(std::size_t machine) const;
  process_options options_of(std::size_t machine) const;
  std::unique_ptr<relay> relay_on(std::size_t machine) const;
  void start_launcher();
  void start_node(std::size_t i);
  bool listen_to_all();

  world_options options_;
  workspace files_;
  address_and_port place_;
  std::unique_ptr<process> launcher_;
  std::vector<member> members_;
  std::size_t named_ = 0;  // nodes that the job names
};

}  // namespace troupe::testing
