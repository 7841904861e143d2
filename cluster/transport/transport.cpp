#include "troupe/cluster/transport/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <vector>

#include "troupe/actors/configure.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/transport/dialler.hpp"
#include "troupe/cluster/transport/gate.hpp"
#include "troupe/cluster/transport/listener.hpp"
#include "troupe/cluster/transport/tls.hpp"

namespace troupe {

namespace {

using caf::io::network::default_multiplexer;

constexpr caf::string_view interval_key = "middleman.heartbeat-interval";
constexpr caf::string_view timeout_key = "middleman.connection-timeout";

double seconds_of(const caf::actor_system_config& config, caf::string_view key) {
  return std::chrono::duration<double>(caf::get_or(config, key, caf::timespan{0})).count();
}

default_multiplexer& multiplexer_of(caf::actor_system& system) {
  require_configured(system.config());
  if (!system.has_middleman() || seconds_of(system.config(), interval_key) <= 0) {
    throw run_error("", "the actor_system was made without troupe::configure_node(config)");
  }
  auto* found = dynamic_cast<default_multiplexer*>(&system.middleman().backend());
  if (found == nullptr) throw run_error("", "the actor_system has no sockets");
  return *found;
}

/// Ends CAF's broker, in the multiplexer's thread, and empties its mailbox. CAF 0.17 would leave
/// what is in there, such as the news that an actor has ended, which holds on to the actor; and an
/// actor_system that ends waits for every detached actor to be let go of.
void end_broker(default_multiplexer& multiplexer, const caf::actor& handle) {
  multiplexer.dispatch([&multiplexer, handle] {
    auto* broker =
        static_cast<caf::io::basp_broker*>(caf::actor_cast<caf::abstract_actor*>(handle));
    if (broker->getf(caf::abstract_actor::is_terminated_flag)) return;
    broker->context(&multiplexer);
    broker->quit();
    broker->finalize();
    auto& mailbox = broker->mailbox();
    mailbox.close();
    broker->get_normal_queue().flush_cache();
    broker->get_urgent_queue().flush_cache();
    caf::detail::sync_request_bouncer bounce{caf::exit_reason::user_shutdown};
    while (mailbox.queue().new_round(1000, bounce).consumed_items > 0) {
    }
  });
}

}  // namespace

void configure_node(caf::actor_system_config& config, double dead_after) {
  configure(config);
  config.load<caf::io::middleman>();
  const auto span = [](double seconds) {
    return std::chrono::duration_cast<caf::timespan>(std::chrono::duration<double>(seconds));
  };
  // CAF looks for silent connections whenever it sends its own sign of life.
  config.set(interval_key, span(std::clamp(dead_after / 10, 0.02, 1.0)));
  config.set(timeout_key, span(dead_after));
  config.set("middleman.enable-automatic-connections", false);
  config.set("middleman.app-identifiers", std::vector<std::string>{"troupe"});
}

struct transport::implementation {
  implementation(caf::actor_system& of, transport_options with)
      : system(of),
        multiplexer(multiplexer_of(of)),
        broker(of.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"))),
        plain(!with.tls),
        refused(std::make_shared<refusals>(std::move(with.log))),
        rules(std::make_shared<connection_rules>(
            connection_rules{with.largest_payload, with.bytes_per_key,
                             seconds_of(of.config(), timeout_key), refused})) {
    raise_descriptor_limit();
    auto tls = with.tls ? std::make_shared<const tls_context>(*with.tls) : nullptr;
    const gate_limits limits{with.most_unauthenticated,
                             std::chrono::duration<double>(with.handshake_seconds),
                             with.shared_memory};
    entrance = std::make_shared<gate>(std::move(tls), limits, refused);
    dialler = spawn_dialler(of, multiplexer, entrance, rules, plain);
  }

  ~implementation() {
    for (const std::uint16_t port : ports) {
      caf::anon_send(broker, caf::close_atom::value, port);
    }
    caf::anon_send_exit(dialler, caf::exit_reason::user_shutdown);
    entrance->stop();
    refused->end();
    end_broker(multiplexer, broker);
  }

  caf::actor_system& system;
  default_multiplexer& multiplexer;
  caf::actor broker;
  bool plain;
  std::shared_ptr<refusals> refused;
  std::shared_ptr<const connection_rules> rules;
  std::shared_ptr<gate> entrance;
  caf::io::middleman_actor dialler;
  std::vector<std::uint16_t> ports;
};

transport::transport(caf::actor_system& system, transport_options options)
    : implementation_(std::make_unique<implementation>(system, std::move(options))) {}

transport::~transport() = default;

std::uint16_t transport::listen(const std::string& address, std::uint16_t port,
                                const caf::actor& published, std::set<std::string> signatures) {
  implementation& i = *implementation_;
  const socket_address at = resolve(address, port, true).front();
  if (i.plain && !at.is_loopback()) {
    throw run_error(to_text(address, port),
                    "without TLS only addresses of this machine (127.0.0.1) are listened on");
  }
  caf::io::doorman_ptr made =
      caf::make_counted<listener>(i.multiplexer, listen_on(at), i.entrance, i.rules);
  const std::uint16_t bound = made->port();
  caf::anon_send(i.broker, caf::publish_atom::value, std::move(made), bound,
                 caf::actor_cast<caf::strong_actor_ptr>(published), std::move(signatures));
  i.ports.push_back(bound);
  return bound;
}

const caf::io::middleman_actor& transport::dialler() const noexcept {
  return implementation_->dialler;
}

std::uint64_t transport::refused() const noexcept {
  return implementation_->refused->count();
}

}  // namespace troupe
