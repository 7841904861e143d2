#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "actors/stage.hpp"

namespace troupe::testing {

struct reports {
  std::vector<ready_msg> ready;
  std::vector<progress_msg> progress;
  std::vector<diverged_msg> diverged;
};

inline leader_actor::behavior_type listener(leader_actor::pointer, reports* heard) {
  return {
      [=](const ready_msg& m) { heard->ready.push_back(m); },
      [=](const progress_msg& m) { heard->progress.push_back(m); },
      [=](const diverged_msg& m) { heard->diverged.push_back(m); },
      [](const yielded_msg&) {},
  };
}

/// One server, two shards and some workers around the scalar model.
class scalar_troupe {
 public:
  scalar_troupe(const std::string& protocol, std::uint32_t workers, std::uint32_t window,
                const std::vector<std::string>& changes = {})
      : rows_(halves(64)) {
    const job of = scalar_job(protocol, workers, window, changes);
    plan_ = scalar_plan(of, rows_);
    server_ = stage_.keep(stage_.system.spawn(parameter_server, plan_, 0u));
    supervisor_ = stage_.keep(stage_.system.spawn(listener, &heard));
    const auto shard = [this](std::uint64_t first, std::uint64_t last) {
      return stage_.keep(stage_.system.spawn(data_shard, plan_, rows_, position_range{first, last},
                                             std::uint64_t{0}));
    };
    const std::vector<data_shard_actor> shards = {shard(0, 30), shard(30, 64)};
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
      workers_.push_back(stage_.keep(stage_.system.spawn(worker, plan_, i, 1u)));
      caf::anon_send(workers_.back(), message, supervisor_,
                     std::vector<parameter_server_actor>{server_}, shards);
    }
    stage_.drain();
    BOOST_REQUIRE_EQUAL(heard.ready.size(), workers);
  }

  /// Both workers are members from the start: what a consistency other than asynchronous wants.
  void enrol() {
    view_ = 1;
    wire_builder<schema::View> view;
    view->setRun(plan_->run);
    view->setNumber(view_);
    auto members = view->initMembers(static_cast<unsigned>(workers_.size()));
    for (unsigned i = 0; i < members.size(); ++i) members[i].setWorker(i);
    caf::anon_send(server_, std::move(view).finish());
    stage_.drain();
  }

  /// A round in which worker k trains the next counts[k] positions; the centre after it.
  double round(const std::vector<std::uint64_t>& counts) {
    ++rounds_;
    for (std::size_t k = 0; k < counts.size(); ++k) {
      wire_builder<schema::Assign> lease;
      lease->setLease(++leases_);
      lease->setFirst(position_);
      lease->setLast(position_ + counts[k]);
      lease->setView(view_);
      lease->setClock(rounds_);
      lease->setCloses(true);
      position_ += counts[k];
      caf::anon_send(workers_[k], std::move(lease).finish());
      stage_.drain();
    }
    return center();
  }

  /// Worker `k` trains the next `count` positions, which closes a window; the centre after it.
  double turn(std::uint32_t k, std::uint64_t count) {
    wire_builder<schema::Assign> lease;
    lease->setLease(++leases_);
    lease->setFirst(position_);
    lease->setLast(position_ + count);
    lease->setView(view_);
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
  leader_actor supervisor_;
  std::vector<worker_actor> workers_;
  std::uint64_t position_ = 0, leases_ = 0, rounds_ = 0, view_ = 0;
};

}  // namespace troupe::testing
