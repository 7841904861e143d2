#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/actors/evaluator.hpp"
#include "troupe/actors/parameter_server.hpp"
#include "troupe/actors/recorder.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/actors/supervisor.hpp"
#include "troupe/actors/worker.hpp"
#include "troupe/base/random.hpp"
#include "troupe/config/reader.hpp"

namespace troupe::testing {

/// CAF's configuration for actors that run one message at a time, in virtual time, in this thread.
struct stage_config : caf::actor_system_config {
  stage_config() {
    configure(*this);
    set("scheduler.policy", caf::atom("testing"));
  }
};

/// An actor system under the deterministic scheduler. Actors given to `keep` are ended with it.
class stage {
 public:
  stage()
      : system(config),
        scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {}

  ~stage() {
    for (const auto& actor : kept_) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    kept_.clear();
    drain();
  }
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  template <class Handle>
  Handle keep(Handle handle) {
    kept_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  /// Runs messages until none is left. Each takes a millisecond of virtual time.
  void drain() {
    while (run_one()) continue;
  }
  /// From now on the actor whose turn it is is drawn by lot, and some are drawn rarely: they are
  /// slow. Messages from one actor to another stay in their order.
  void shuffle(std::uint64_t seed) { lots_.emplace(seed, random_purpose::test); }
  /// Runs so many messages.
  void run(std::uint64_t messages) {
    while (messages-- > 0 && run_one()) continue;
  }
  /// Lets virtual time pass in small steps.
  void pass(std::chrono::milliseconds time) {
    for (auto left = time; left.count() > 0; left -= std::chrono::milliseconds(50)) {
      scheduler.advance_time(std::min(left, std::chrono::milliseconds(50)));
      drain();
    }
  }

  stage_config config;
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;

 private:
  bool run_one() {
    pick();
    if (!scheduler.try_run_once()) return false;
    scheduler.advance_time(std::chrono::milliseconds(1));
    return true;
  }

  void pick() {
    auto& jobs = scheduler.jobs;
    if (!lots_ || jobs.size() < 2) return;
    // Who is slow changes every few thousand messages.
    const std::uint64_t phase = drawn_ / 4096;
    for (int attempt = 0; attempt < 4; ++attempt) {
      const auto at = static_cast<std::ptrdiff_t>(lots_->below(drawn_++, jobs.size()));
      std::swap(jobs.front(), jobs[static_cast<std::size_t>(at)]);
      const auto who = dynamic_cast<const caf::local_actor&>(*jobs.front()).id();
      if (mix(who ^ mix(phase)) % 4 != 0) return;
    }
  }

  std::vector<caf::actor> kept_;
  std::optional<random_stream> lots_;
  std::uint64_t drawn_ = 0;
};

/// Rows of one feature, sqrt(1/2), labelled 0: with mean squared error a dense unit without bias
/// has the loss x^2/2 of its one parameter x, whatever the row.
inline std::shared_ptr<dataset> halves(std::size_t rows) {
  auto data = std::make_shared<dataset>();
  data->shape = {1};
  data->type = element_type::f32;
  data->features.resize(rows * sizeof(float));
  for (std::size_t i = 0; i < rows; ++i) {
    reinterpret_cast<float*>(data->features.data())[i] = std::sqrt(0.5f);
  }
  data->labels.assign(rows, 0.0f);
  data->set_rows(rows);
  return data;
}

/// That model as a job: sgd with rate 0.1, from x = 1, mini-batches of one row.
/// `changes` are as of `--set`.
inline job scalar_job(const std::string& protocol, std::uint32_t workers, std::uint32_t window,
                      const std::vector<std::string>& changes = {}) {
  const catalogue known = catalogue::builtin();
  return parse_job(
      "name: scalar\n"
      "data: {train: {format: synthetic, rows: 64}}\n"
      "model:\n"
      "  input: [1]\n"
      "  layers: [{dense: {units: 1, use_bias: false}}]\n"
      "  loss: mean_squared_error\n"
      "optimizer:\n"
      "  protocol: " +
          protocol +
          "\n"
          "  communication_window: " +
          std::to_string(window) +
          "\n"
          "  gradient_rule: {name: sgd, learning_rate: 0.1}\n"
          "training: {epochs: 1, batch_size: 1}\n"
          "actors: {workers: " +
          std::to_string(workers) + "}\n",
      "scalar.yaml", changes, known);
}

inline std::shared_ptr<run_plan> plan_of(const job& of, const prepared_data& data) {
  return make_run_plan(of, catalogue::builtin(), facts_of(data));
}

/// The scalar model's plan over `rows` rows, starting from x = 1.
inline std::shared_ptr<run_plan> scalar_plan(const job& of, const std::shared_ptr<dataset>& rows) {
  prepared_data data;
  data.train = rows;
  data.transforms = pipeline({}, rows->shape, catalogue::builtin().data.transforms);
  auto plan = plan_of(of, data);
  plan->first_parameters = {1.0f};
  return plan;
}

}  // namespace troupe::testing
