// The protocols' golden trajectories, through real workers and a real server that exchange real
// messages, on the deterministic scheduler. The test plays the supervisor.

#include <boost/test/unit_test.hpp>

#include "actors/stage.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(golden)

namespace {

struct reports {
  std::vector<ready_msg> ready;
  std::vector<progress_msg> progress;
  std::vector<diverged_msg> diverged;
};

supervisor_actor::behavior_type listener(supervisor_actor::pointer, reports* heard) {
  return {
      [](run_atom) { return outcome_ptr{}; },
      [=](const ready_msg& m) { heard->ready.push_back(m); },
      [=](const progress_msg& m) { heard->progress.push_back(m); },
      [=](const diverged_msg& m) { heard->diverged.push_back(m); },
      [](const yielded_msg&) {},
      [](stop_atom, const std::string&) {},
      [](tick_atom) {},
  };
}

/// One server, two shards and some workers around the scalar model.
class scalar_troupe {
 public:
  scalar_troupe(const std::string& protocol, std::uint32_t workers, std::uint32_t window,
                const std::string& option = "")
      : rows_(halves(64)) {
    job of = scalar_job(option.empty() ? protocol : protocol + "\n  " + option, workers, window);
    plan_ = scalar_plan(of, rows_);
    server_ = stage_.keep(stage_.system.spawn(parameter_server, plan_, 0u));
    supervisor_ = stage_.keep(stage_.system.spawn(listener, &heard));
    const std::vector<data_shard_actor> shards = {
        stage_.keep(stage_.system.spawn(data_shard, plan_, rows_, position_range{0, 30})),
        stage_.keep(stage_.system.spawn(data_shard, plan_, rows_, position_range{30, 64}))};
    wire_builder<schema::Install> install;
    install->setRun(plan_->run);
    install.floats(1, [&](auto&& d) { install->adoptPayload(kj::mv(d)); })[0] = 1.0f;
    caf::anon_send(server_, std::move(install).finish());
    wire_builder<schema::Route> route;
    route->setRun(plan_->run);
    route->initSlices(1).set(0, 0);
    auto firsts = route->initShardFirst(2);
    firsts.set(0, 0);
    firsts.set(1, 30);
    const route_msg message = std::move(route).finish();
    for (std::uint32_t i = 0; i < workers; ++i) {
      workers_.push_back(stage_.keep(stage_.system.spawn(worker, plan_, i)));
      caf::anon_send(workers_.back(), message, supervisor_,
                     std::vector<parameter_server_actor>{server_}, shards);
    }
    stage_.drain();
    BOOST_REQUIRE_EQUAL(heard.ready.size(), workers);
  }

  /// Worker `k` trains the next `count` positions, which closes a window; the centre after it.
  double turn(std::uint32_t k, std::uint64_t count) {
    wire_builder<schema::Assign> lease;
    lease->setLease(++leases_);
    lease->setFirst(position_);
    lease->setLast(position_ + count);
    position_ += count;
    caf::anon_send(workers_[k], std::move(lease).finish());
    stage_.drain();
    return center();
  }

  double center() {
    wire_builder<schema::Pull> pull;
    pull->setRun(plan_->run);
    caf::scoped_actor self(stage_.system);
    self->send(caf::actor_cast<caf::actor>(server_), std::move(pull).finish());
    stage_.drain();
    double value = NAN;
    self->receive([&](const center_msg& m) { value = floats_of((*m).getPayload())[0]; },
                  caf::after(std::chrono::seconds(0)) >> [] {});
    return value;
  }

  reports heard;

 private:
  stage stage_;
  std::shared_ptr<dataset> rows_;
  std::shared_ptr<run_plan> plan_;
  parameter_server_actor server_;
  supervisor_actor supervisor_;
  std::vector<worker_actor> workers_;
  std::uint64_t position_ = 0, leases_ = 0;
};

void check_trajectory(const std::string& protocol, const std::vector<double>& centers,
                      const std::vector<double>& staleness) {
  scalar_troupe troupe(protocol, 2, 2);
  for (std::size_t i = 0; i < centers.size(); ++i) {
    BOOST_TEST_CONTEXT(protocol << ", commit " << i + 1) {
      BOOST_TEST(troupe.turn(i % 2, 2) == centers[i], boost::test_tools::tolerance(1e-6));
      const auto progress = *troupe.heard.progress.back();
      BOOST_TEST(progress.getWorker() == i % 2);
      BOOST_TEST(progress.getStaleness() == staleness[i]);
      BOOST_TEST(progress.getMiniBatches() == 2u);
      BOOST_TEST(progress.getBytesSent() == sizeof(float));
      BOOST_TEST(progress.getSequence() == i / 2 + 1);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(downpour) {
  check_trajectory("downpour", {0.81, 0.62, 0.4661, 0.3483}, {0, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(adag) {
  check_trajectory("adag", {0.905, 0.81, 0.724025, 0.647075}, {0, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(dynsgd) {
  check_trajectory("dynsgd", {0.81, 0.715, 0.63805, 0.570125}, {0, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(aeasgd_exchanges_in_one_round_trip) {
  constexpr double alpha = 0.25;
  scalar_troupe troupe("aeasgd", 2, 2, "alpha: 0.25");
  double c = 1, x[2] = {1, 1};
  for (int i = 0; i < 6; ++i) {
    double& mine = x[i % 2];
    for (int step = 0; step < 2; ++step) mine -= 0.1 * mine;
    const double moved = alpha * (mine - c);
    c += moved;
    mine -= moved;
    BOOST_TEST_CONTEXT("commit " << i + 1)
    BOOST_TEST(troupe.turn(i % 2, 2) == c, boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(sequential_publishes_and_goes_on) {
  scalar_troupe troupe("sequential", 1, 2);
  double x = 1;
  for (int i = 0; i < 4; ++i) {
    for (int step = 0; step < 2; ++step) x -= 0.1 * x;
    BOOST_TEST(troupe.turn(0, 2) == x, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(!(*troupe.heard.progress.back()).getCommitted());
  }
}

BOOST_AUTO_TEST_CASE(a_short_last_window_is_committed_and_divided_by_its_own_mini_batches) {
  scalar_troupe troupe("adag", 1, 4);
  // 3 of 4 mini-batches: x = 0.9^3, D/3.
  BOOST_TEST(troupe.turn(0, 3) == 1 + (0.729 - 1) / 3, boost::test_tools::tolerance(1e-6));
  BOOST_TEST((*troupe.heard.progress.back()).getMiniBatches() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
