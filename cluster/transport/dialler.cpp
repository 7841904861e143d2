#include "troupe/cluster/transport/dialler.hpp"

#include <caf/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <map>
#include <set>

#include "troupe/actors/configure.hpp"
#include "troupe/base/error.hpp"

namespace troupe {

namespace {

using reached_atom = caf::atom_constant<caf::atom("reached")>;
using missed_atom = caf::atom_constant<caf::atom("missed")>;
using peer_promise =
    caf::typed_response_promise<caf::node_id, caf::strong_actor_ptr, std::set<std::string>>;

struct state {
  struct call {
    peer_promise answer;
    std::string where;
    std::uint16_t port;
  };
  std::map<std::uint64_t, call> calls;
  std::uint64_t last = 0;

  call take(std::uint64_t id) {
    const auto found = calls.find(id);
    call taken = std::move(found->second);
    calls.erase(found);
    return taken;
  }
};

std::vector<socket_address> addresses_of(const std::string& host, std::uint16_t port, bool plain) {
  auto found = resolve(host, port, false);
  for (const socket_address& a : found) {
    if (plain && !a.is_loopback()) {
      throw run_error(to_text(host, port),
                      "only addresses of this machine (127.0.0.1) are reached without TLS");
    }
  }
  return found;
}

caf::behavior dialler(caf::stateful_actor<state>* self, std::shared_ptr<gate> exit,
                      caf::io::network::default_multiplexer* multiplexer,
                      std::shared_ptr<const connection_rules> rules, bool plain) {
  const caf::actor broker =
      self->system().middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  self->set_exit_handler([self](const caf::exit_msg& m) {
    for (auto& [id, call] : self->state.calls) {
      call.answer.deliver(actor_failure(call.where, "the connection was given up"));
    }
    self->state.calls.clear();
    self->quit(m.reason);
  });
  return {
      [=](caf::connect_atom, const std::string& host, std::uint16_t port)
          -> caf::result<caf::node_id, caf::strong_actor_ptr, std::set<std::string>> {
        auto answer = self->make_response_promise<peer_promise>();
        const std::string where = to_text(host, port);
        std::vector<socket_address> addresses;
        try {
          addresses = addresses_of(host, port, plain);
        } catch (const error& e) {
          answer.deliver(actor_failure(where, e.message()));
          return answer;
        }
        const std::uint64_t id = ++self->state.last;
        self->state.calls.emplace(id, state::call{answer, where, port});
        const caf::actor me = self;
        exit->dial(
            std::move(addresses),
            [=](channel to) {
              caf::io::scribe_ptr made =
                  caf::make_counted<connection>(*multiplexer, std::move(to), rules);
              caf::anon_send(me, reached_atom::value, id, std::move(made));
            },
            [=](const std::string& reason) { caf::anon_send(me, missed_atom::value, id, reason); });
        return answer;
      },
      [=](reached_atom, std::uint64_t id, caf::io::scribe_ptr& made) {
        const auto& call = self->state.calls.at(id);
        self->request(broker, caf::infinite, caf::connect_atom::value, std::move(made), call.port)
            .then(
                [=](const caf::node_id& node, const caf::strong_actor_ptr& published,
                    const std::set<std::string>& signatures) {
                  self->state.take(id).answer.deliver(node, published, signatures);
                },
                [=](const caf::error& problem) {
                  auto ended = self->state.take(id);
                  ended.answer.deliver(
                      actor_failure(ended.where,
                                    "the peer is no node of this cluster, or closed the "
                                    "connection: " +
                                        self->system().render(problem)));
                });
      },
      [=](missed_atom, std::uint64_t id, const std::string& reason) {
        auto ended = self->state.take(id);
        ended.answer.deliver(actor_failure(ended.where, reason));
      },
  };
}

}  // namespace

caf::io::middleman_actor spawn_dialler(caf::actor_system& system,
                                       caf::io::network::default_multiplexer& multiplexer,
                                       std::shared_ptr<gate> exit,
                                       std::shared_ptr<const connection_rules> rules, bool plain) {
  // Name servers may take their time.
  return caf::actor_cast<caf::io::middleman_actor>(system.spawn<caf::detached + caf::hidden>(
      dialler, std::move(exit), &multiplexer, std::move(rules), plain));
}

}  // namespace troupe
