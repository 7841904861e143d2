#include "troupe/cluster/node.hpp"

#include <caf/all.hpp>
#include <mutex>

#include "troupe/actors/configure.hpp"
#include "troupe/cluster/nodes/agent.hpp"
#include "troupe/cluster/nodes/configure_cluster.hpp"
#include "troupe/cluster/transport/transport.hpp"

namespace troupe {

struct node_control::implementation {
  std::mutex mutex;
  agent_actor agent;
  bool asked = false;  // before there was an agent to ask
};

node_control::node_control() : implementation_(std::make_shared<implementation>()) {}
node_control::~node_control() = default;

void node_control::leave() {
  const std::lock_guard<std::mutex> lock(implementation_->mutex);
  implementation_->asked = true;
  if (implementation_->agent) caf::anon_send(implementation_->agent, stop_atom::value);
}

/// Ties an agent to whoever may end it.
class node_session {
 public:
  node_session(node_control* control, const agent_actor& agent) : control_(control) {
    if (!control_) return;
    const std::lock_guard<std::mutex> lock(control_->implementation_->mutex);
    control_->implementation_->agent = agent;
    if (control_->implementation_->asked) caf::anon_send(agent, stop_atom::value);
  }
  ~node_session() {
    if (!control_) return;
    const std::lock_guard<std::mutex> lock(control_->implementation_->mutex);
    control_->implementation_->agent = nullptr;
  }
  /// Whether the agent may have ended before it was told to run.
  bool asked_to_leave() const {
    if (!control_) return false;
    const std::lock_guard<std::mutex> lock(control_->implementation_->mutex);
    return control_->implementation_->asked;
  }
  node_session(const node_session&) = delete;
  node_session& operator=(const node_session&) = delete;

 private:
  node_control* control_;
};

std::string run_node(const node_options& options, const catalogue& known) {
  caf::actor_system_config config;
  configure_cluster(config, options.dead_after);
  caf::actor_system system(config);
  transport_options connections;
  connections.tls = options.tls;
  connections.log = options.log;
  transport net(system, std::move(connections));

  // It listens before it joins: the director tells its port to others.
  agent_setup setup;
  setup.director_host = options.director_host;
  setup.director_port = options.director_port;
  setup.cluster = options.cluster;
  setup.node = options.name;
  setup.host = options.advertised_host;
  if (setup.host.empty() && options.workers + options.parameter_servers > 0) {
    // No job says where it is.
    if (options.listen == "0.0.0.0" || options.listen == "::") {
      throw run_error("--advertise", "a node that helps has to say where others reach it");
    }
    setup.host = options.listen;
  }
  setup.patience = options.patience;
  setup.workers = options.workers;
  setup.parameter_servers = options.parameter_servers;
  setup.log = options.log;
  // With an argument: CAF would refer to those there are none of.
  const auto ignore_all = [](caf::event_based_actor* self, caf::unit_t) -> caf::behavior {
    self->set_default_handler(caf::drop);
    return {[](caf::unit_t) {}};
  };
  const auto greeter = system.spawn(ignore_all, caf::unit);
  const std::uint16_t port = net.listen(options.listen, options.port, greeter);
  setup.port = options.advertised_port > 0 ? options.advertised_port : port;
  const agent_actor leader = system.spawn(agent, setup, known, net.dialler());
  std::string failure;
  {
    const node_session session(options.control, leader);
    caf::scoped_actor self(system);
    self->request(leader, caf::infinite, run_atom::value)
        .receive([&](const std::string& why) { failure = why; },
                 [&](const caf::error& problem) {
                   if (!session.asked_to_leave()) failure = text_of(problem, config);
                 });
  }
  caf::anon_send_exit(leader, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(greeter, caf::exit_reason::user_shutdown);
  return failure;
}

}  // namespace troupe
