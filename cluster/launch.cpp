#include "troupe/cluster/launch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "troupe/actors/configure.hpp"
#include "troupe/cluster/launch/command_words.hpp"
#include "troupe/cluster/launch/launcher.hpp"
#include "troupe/cluster/nodes/configure_cluster.hpp"
#include "troupe/cluster/nodes/director.hpp"
#include "troupe/cluster/run_session.hpp"
#include "troupe/cluster/transport/transport.hpp"

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

std::string own_program() {
  std::error_code problem;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", problem);
  return problem ? "troupe" : path.string();
}

bool is_any(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

/// How nodes reach this machine.
std::string own_address(const cluster_spec& cluster) {
  if (!cluster.address.empty()) return cluster.address;
  if (!is_any(cluster.listen)) return cluster.listen;
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "127.0.0.1";
  return name;
}

/// Certificates of this node and of those that are launched.
class keyring {
 public:
  explicit keyring(const job& of) : tls_(of.cluster->tls) {
    if (!tls_.enabled) return;
    if (!tls_.ca.empty()) {
      own_ = read_credentials(tls_.ca, tls_.certificate, tls_.key);
      return;
    }
    authority_.emplace("troupe run " + of.name, 30);
    own_ = authority_->issue("supervisor", {own_address(*of.cluster)}, 30);
  }
  const std::optional<credentials>& own() const { return own_; }
  /// What a node reads from its standard input; "": nothing.
  std::string bundle(const node_spec& node) {
    return authority_ ? to_bundle(authority_->issue(node.name, {node.host}, 30)) : std::string();
  }
  /// Options of a node that finds its certificates.
  std::vector<std::string> arguments() const {
    if (!tls_.enabled) return {"--no-tls"};
    if (authority_) return {"--credentials", "-"};
    const auto path = [](const std::string& file) {
      return std::filesystem::absolute(file).string();
    };
    return {"--tls-ca",  path(tls_.ca), "--tls-certificate", path(tls_.certificate),
            "--tls-key", path(tls_.key)};
  }

 private:
  tls_spec tls_;
  std::optional<certificate_authority> authority_;
  std::optional<credentials> own_;
};

/// The processes of the nodes, and what became of them.
class node_processes {
 public:
  node_processes(const job& of, const launch_run_options& options, const std::string& logs)
      : launcher_(make_launcher(
            *of.cluster,
            {options.program.empty() ? own_program() : options.program, logs, options.tell})) {}

  void start(const job& of, const std::string& cluster_id, std::uint16_t port, keyring& keys) {
    for (const node_spec& node : of.cluster->nodes) {
      node_start start;
      start.node = node;
      start.arguments = {"node",
                         "--join",
                         fmt::format("{}:{}", own_address(*of.cluster), port),
                         "--name",
                         node.name,
                         "--cluster",
                         cluster_id,
                         "--listen",
                         of.cluster->listen,
                         "--port",
                         std::to_string(node.port),
                         "--dead-after",
                         fmt::format("{}", of.cluster->dead_after)};
      const std::string host = host_of(*of.cluster, node);
      if (!host.empty() && host != node.host) {
        start.arguments.insert(start.arguments.end(), {"--advertise", host});
      }
      const auto more = keys.arguments();
      start.arguments.insert(start.arguments.end(), more.begin(), more.end());
      start.input = keys.bundle(node);
      launcher_->start(start);
    }
  }
  void look() {
    for (node_end& end : launcher_->ended()) ended_[end.node] = std::move(end.how);
  }
  /// How a node ended; "" while it lives.
  std::string end_of(const std::string& node) const {
    const auto found = ended_.find(node);
    return found == ended_.end() ? std::string() : found->second;
  }
  std::string last_words(const std::string& node) {
    const std::string lines = launcher_->last_lines(node);
    return lines.empty() ? "it wrote nothing" : "its last lines: " + lines;
  }
  void stop(double seconds) { launcher_->stop(seconds); }

 private:
  std::unique_ptr<launcher> launcher_;
  std::map<std::string, std::string> ended_;
};

}  // namespace

void settle_nodes(job& of) {
  if (!of.cluster) of.cluster.emplace();
  auto& nodes = of.cluster->nodes;
  if (nodes.empty()) {
    node_spec servers;
    servers.name = "servers";
    servers.parameter_servers = of.actors.parameter_servers;
    nodes.push_back(servers);
    for (std::uint32_t i = 0; i < of.actors.workers; ++i) {
      node_spec worker;
      worker.name = fmt::format("worker-{}", i);
      worker.workers = 1;
      worker.data_shards = of.actors.data_shards * (i + 1) / of.actors.workers -
                           of.actors.data_shards * i / of.actors.workers;
      nodes.push_back(worker);
    }
  }
  of.actors.workers = of.actors.parameter_servers = of.actors.data_shards = 0;
  for (const node_spec& node : nodes) {
    of.actors.workers += node.workers;
    of.actors.parameter_servers += node.parameter_servers;
    of.actors.data_shards += node.data_shards;
  }
}

/// A run over nodes, from the first process to the last.
class launched_run {
 public:
  launched_run(const prepared_run& run, const launch_run_options& options)
      : run_(run), options_(options), cluster_(*run.of.cluster), keys_(run.of) {
    configure_cluster(config_, cluster_.dead_after);
    system_.emplace(config_);
    session_.emplace(*system_, run_, options_.run);
    transport_options connections;
    connections.tls = keys_.own();
    connections.log = [this, recorder = session_->recorder()](const std::string& line) {
      caf::anon_send(recorder, run_event{0, "connection_refused", {{"reason", line}}});
      tell(line);
    };
    net_.emplace(*system_, std::move(connections));
    director_setup setup;
    setup.plan = run_.plan;
    setup.facts = run_.facts;
    setup.rows = run_.data.train;
    setup.cluster = cluster_.id.empty() ? run_.of.name : cluster_.id;
    setup.recorder = session_->recorder();
    director_ = session_->keep(system_->spawn(director, setup));
    open_desk();
    const std::uint16_t port =
        net_->listen(cluster_.listen, static_cast<std::uint16_t>(cluster_.port),
                     caf::actor_cast<caf::actor>(director_));
    tell(fmt::format("listening on {}:{}", own_address(cluster_), port));
    processes_.emplace(run_.of, options_, logs());
    processes_->start(run_.of, setup.cluster, port, keys_);
  }

  ~launched_run() {
    dismiss();
    processes_.reset();
    session_.reset();
    director_ = nullptr;
    net_.reset();
  }
  launched_run(const launched_run&) = delete;
  launched_run& operator=(const launched_run&) = delete;

  train_result run() {
    std::string problem;
    const cast_ptr cast = assemble(problem);
    // Without its cast a run ends before it begins, and leaves what such a run leaves.
    const supervisor_actor& lead = session_->lead(cast ? *cast : cast_handles{});
    if (!problem.empty()) {
      caf::anon_send(lead, part_lost{part_lost::role::server, 0, 1, problem});
    }
    caf::anon_send(director_, lead);
    train_result result = session_->run();
    dismiss();
    return result;
  }

 private:
  void tell(const std::string& line) const {
    if (options_.tell) options_.tell(line);
  }
  /// Status, events and stop are answered to who comes by the socket or over the network.
  void open_desk() {
    if (!session_->desk()) return;
    session_->desk()->nodes_from([this] {
      auto nodes = nlohmann::ordered_json::array();
      caf::scoped_actor self(*system_);
      self->request(director_, std::chrono::seconds(1), status_atom::value)
          .receive([&](const std::string& text) { nodes = nlohmann::ordered_json::parse(text); },
                   [](const caf::error&) {});
      return nodes;
    });
    caf::anon_send(director_, session_->keep(system_->spawn<caf::detached>(
                                  answer_control, session_->desk()->desk())));
  }
  std::string logs() {
    if (!options_.run.folder.empty()) {
      const std::string folder = options_.run.folder + "/nodes";
      std::filesystem::create_directories(folder);
      return folder;
    }
    own_logs_ = (std::filesystem::temp_directory_path() / "troupe-XXXXXX").string();
    if (::mkdtemp(own_logs_.data()) == nullptr) throw run_error(own_logs_, "cannot be made");
    return own_logs_;
  }

  /// Waits for all nodes to come up and play, while it watches their processes. Null where somebody
  /// asks for the end, or there is a problem.
  cast_ptr assemble(std::string& problem) {
    const auto started = clock::now();
    caf::scoped_actor self(*system_);
    for (;;) {
      cast_ptr cast;
      self->request(director_, caf::infinite, assemble_atom::value)
          .receive([&](const cast_ptr& all) { cast = all; },
                   [&](const caf::error& e) { problem = text_of(e, config_); });
      if (cast || session_->asked_to_end()) return cast;
      const std::chrono::duration<double> waited = clock::now() - started;
      if (problem.empty()) problem = why_not_up(self, waited.count());
      if (!problem.empty()) return nullptr;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  /// A node that will not come any more, or too late; "" while there is hope.
  std::string why_not_up(caf::scoped_actor& self, double seconds) {
    processes_->look();
    std::vector<std::string> awaited;
    self->request(director_, caf::infinite, members_atom::value)
        .receive([&](const std::vector<std::string>& names) { awaited = names; },
                 [](const caf::error&) {});
    for (const std::string& node : awaited) {
      const std::string end = processes_->end_of(node);
      if (!end.empty()) {
        return fmt::format("node {} {}; {}", node, end, processes_->last_words(node));
      }
    }
    if (awaited.empty() || seconds < cluster_.start_timeout) return {};
    return fmt::format("node {} did not come up within {} s; {}", awaited.front(),
                       cluster_.start_timeout, processes_->last_words(awaited.front()));
  }

  void dismiss() {
    if (std::exchange(dismissed_, true)) return;
    caf::scoped_actor self(*system_);
    self->request(director_, std::chrono::seconds(5), dismiss_atom::value)
        .receive([](dismiss_atom) {}, [](const caf::error&) {});
    if (processes_) processes_->stop(5);
    std::error_code ignored;
    if (!own_logs_.empty()) std::filesystem::remove_all(own_logs_, ignored);
  }

  const prepared_run& run_;
  const launch_run_options& options_;
  const cluster_spec& cluster_;
  keyring keys_;
  std::string own_logs_;
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  director_actor director_;
  std::optional<run_session> session_;
  std::optional<transport> net_;
  std::optional<node_processes> processes_;
  bool dismissed_ = false;
};

train_result launch(const job& of, const launch_run_options& options, const catalogue& known) {
  job settled = of;
  settle_nodes(settled);
  prepared_run run = prepare_run(settled, options.run, known);
  run.plan->nodes = static_cast<std::uint32_t>(run.of.cluster->nodes.size());
  return launched_run(run, options).run();
}

}  // namespace troupe
