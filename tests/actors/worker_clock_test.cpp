// A worker that is answered by nobody ends, however many it has asked.

#include <boost/test/unit_test.hpp>

#include "actors/scalar_troupe.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

/// Answers fetches when told to.
struct quiet_shard {
  std::vector<caf::typed_response_promise<rows_msg>> owed;
};

data_shard_actor::behavior_type quiet(data_shard_actor::stateful_pointer<quiet_shard> self,
                                      std::size_t* asked) {
  return {
      [=](const fetch_msg&) {
        ++*asked;
        self->state.owed.push_back(self->make_response_promise<rows_msg>());
        return self->state.owed.back();
      },
      [](const copy_msg&) { return rows_msg(); },
  };
}

/// One worker, with its rows at two shards.
struct scene {
  explicit scene(bool first_answers)
      : rows(halves(64)), plan(scalar_plan(scalar_job("adag", 1, 5), rows)) {
    const auto server = on.keep(on.system.spawn(parameter_server, plan, 0u));
    wire_builder<schema::Install> install;
    install->setRun(plan->run);
    install.floats(1, [&](auto&& d) { install->adoptPayload(kj::mv(d)); })[0] = 1.0f;
    caf::anon_send(server, std::move(install).finish());
    const auto first = first_answers ? on.system.spawn(data_shard, plan, rows,
                                                       position_range{0, 30}, std::uint64_t{0})
                                     : on.system.spawn(quiet, &asked);
    const std::vector<data_shard_actor> shards = {on.keep(first),
                                                  on.keep(on.system.spawn(quiet, &asked))};
    wire_builder<schema::Route> route;
    route->setRun(plan->run);
    route->initSlices(1).set(0, 0);
    route->initShardFirst(2).set(1, 30);
    trained = on.keep(on.system.spawn(worker, plan, 0u, 1u));
    self->monitor(trained);
    caf::anon_send(trained, std::move(route).finish(), on.keep(on.system.spawn(listener, &heard)),
                   std::vector<parameter_server_actor>{server}, shards);
    on.drain();
    wire_builder<schema::Assign> lease;
    lease->setLease(1);
    lease->setLast(10);
    caf::anon_send(trained, std::move(lease).finish());
    on.drain();
  }
  /// Why the worker ended; empty: it has not.
  std::string ended() {
    std::string why;
    self->receive([&](const caf::down_msg& m) { why = text_of(m.reason, on.system.config()); },
                  caf::after(std::chrono::seconds(0)) >> [] {});
    return why;
  }

  reports heard;
  std::size_t asked = 0;
  stage on;
  caf::scoped_actor self{on.system};
  std::shared_ptr<dataset> rows;
  std::shared_ptr<run_plan> plan;
  worker_actor trained;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_clocks)

BOOST_AUTO_TEST_CASE(without_any_answer_for_a_minute_a_worker_ends) {
  for (const bool first_answers : {false, true}) {
    scene s(first_answers);
    BOOST_TEST(s.asked == (first_answers ? 1u : 2u));
    s.on.pass(std::chrono::seconds(59));
    BOOST_TEST(s.ended() == "");
    s.on.pass(std::chrono::seconds(2));
    BOOST_TEST(s.ended() == "worker 0: nobody answers");
  }
}

BOOST_AUTO_TEST_SUITE_END()
