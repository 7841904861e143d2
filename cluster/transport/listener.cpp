#include "troupe/cluster/transport/listener.hpp"

#include <atomic>

namespace troupe {

namespace {

/// As those of connections: no descriptors, which the system gives away again.
caf::io::accept_handle unique_handle() {
  static std::atomic<std::int64_t> last{std::int64_t{1} << 40};
  return caf::io::accept_handle::from_int(++last);
}

}  // namespace

listener::listener(caf::io::network::default_multiplexer& multiplexer, descriptor socket,
                   std::shared_ptr<gate> entrance, std::shared_ptr<const connection_rules> rules)
    : doorman(unique_handle()),
      multiplexer_(multiplexer),
      socket_(std::move(socket)),
      address_(local_address(socket_.get())),
      gate_(std::move(entrance)),
      rules_(std::move(rules)) {}

void listener::launch() {
  caf::intrusive_ptr<listener> self(this);
  at_gate_ = gate_->open(std::move(socket_), [self](channel from) {
    self->multiplexer_.post([self, c = std::move(from)]() mutable { self->arrived(std::move(c)); });
  });
}

void listener::arrived(channel from) {
  if (detached()) return;
  auto made = caf::make_counted<connection>(multiplexer_, std::move(from), rules_);
  const auto handle = made->hdl();
  parent()->add_scribe(std::move(made));
  doorman::new_connection(&multiplexer_, handle);
}

void listener::graceful_shutdown() {
  gate_->close(at_gate_);
  detach(&multiplexer_, false);
}

std::string listener::addr() const {
  return to_text(address_);
}

}  // namespace troupe
