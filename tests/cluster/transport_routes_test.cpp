#include "cluster/node_systems.hpp"

// What the cluster stands on: nodes that were introduced to each other talk directly.

using namespace troupe;
using namespace troupe::testing;

namespace {

/// A supervisor's node that meets a shard on one node and a worker on another, and hands the one's
/// handle to the other.
struct troupe_of_three {
  explicit troupe_of_three(const std::function<transport_options()>& options)
      : supervisor(std::make_unique<node_system>(options())), server(options()), worker(options()) {
    auto& home = *supervisor;
    director = home.keep(home.system().spawn(
        [this](caf::unit_t) -> caf::behavior {
          return {[this](const std::vector<echo_actor>& shards) { met_shard.set(shards.at(0)); },
                  [this](const caf::actor& who) { met_worker.set(who); }};
        },
        caf::unit));
    director_port = home.links().listen("127.0.0.1", 0, director);
    shard = spawn_echo(server);
    server_port = server.links().listen("127.0.0.1", 0, caf::actor());
    agent = worker.keep(worker.system().spawn(
        [this](caf::unit_t) -> caf::behavior {
          return {[this](const std::vector<echo_actor>& shards) { given.set(shards.at(0)); }};
        },
        caf::unit));
    const auto from_server = server.dial(director_port);
    BOOST_TEST_REQUIRE(from_server.problem == "");
    caf::anon_send(from_server.published, std::vector<echo_actor>{shard});
    const auto from_worker = worker.dial(director_port);
    BOOST_TEST_REQUIRE(from_worker.problem == "");
    caf::anon_send(from_worker.published, agent);
  }

  echo_actor introduce() {
    caf::anon_send(met_worker.get(), std::vector<echo_actor>{met_shard.get()});
    return given.get();
  }
  void end_supervisor() {
    met_shard.set(echo_actor());
    met_worker.set(caf::actor());
    director = caf::actor();
    supervisor.reset();
  }

  std::unique_ptr<node_system> supervisor;
  node_system server, worker;
  caf::actor director, agent;
  echo_actor shard;
  std::uint16_t director_port = 0, server_port = 0;
  soon<echo_actor> met_shard, given;
  soon<caf::actor> met_worker;
};

void talks_directly(const std::function<transport_options()>& options, bool dials_first) {
  troupe_of_three t(options);
  const auto dial = [&] { BOOST_TEST_REQUIRE(t.worker.dial(t.server_port).problem == ""); };
  if (dials_first) dial();
  const echo_actor shard = t.introduce();
  if (!dials_first) {
    BOOST_CHECK_EQUAL(fetched(t.worker, shard, 1000), 1000);  // by way of the supervisor's node
    dial();
  }
  BOOST_CHECK_EQUAL(fetched(t.worker, shard, 3 << 20), 3 << 20);
  // Nothing went through the node that introduced them: it may as well be gone.
  t.end_supervisor();
  BOOST_CHECK_EQUAL(fetched(t.worker, shard, 3 << 20), 3 << 20);
  // And the end of an actor is told directly, too.
  caf::scoped_actor self(t.worker.system());
  self->monitor(shard);
  caf::anon_send_exit(t.shard, caf::exit_reason::kill);
  bool told = false;
  self->receive([&](const caf::down_msg&) { told = true; },
                caf::after(std::chrono::seconds(20)) >> [] {});
  BOOST_CHECK(told);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transport_routes)

BOOST_AUTO_TEST_CASE(nodes_that_dialled_each_other_talk_directly) {
  certificate_authority authority("test");
  talks_directly([&] { return tls_options(authority); }, true);
  talks_directly(plain_options, true);
}

BOOST_AUTO_TEST_CASE(a_connection_made_later_takes_over_from_the_way_round) {
  certificate_authority authority("test");
  talks_directly([&] { return tls_options(authority); }, false);
  talks_directly(plain_options, false);
}

BOOST_AUTO_TEST_CASE(a_node_that_ends_is_noticed_at_once) {
  certificate_authority authority("test");
  troupe_of_three t([&] { return tls_options(authority); });
  const auto found = t.worker.dial(t.director_port);
  BOOST_TEST_REQUIRE(found.problem == "");
  caf::scoped_actor self(t.worker.system());
  self->monitor(found.published);
  t.end_supervisor();
  bool told = false;
  self->receive([&](const caf::down_msg&) { told = true; },
                caf::after(std::chrono::seconds(5)) >> [] {});
  BOOST_CHECK(told);
}

BOOST_AUTO_TEST_SUITE_END()
