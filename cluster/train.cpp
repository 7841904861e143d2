#include "troupe/cluster/train.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/actors/parameter_server.hpp"
#include "troupe/actors/worker.hpp"
#include "troupe/cluster/run_session.hpp"

namespace troupe {

run_control::run_control() : implementation_(std::make_shared<implementation>()) {}
run_control::~run_control() = default;

void run_control::stop(const std::string& reason) {
  const std::lock_guard<std::mutex> lock(implementation_->mutex);
  if (implementation_->supervisor) {
    caf::anon_send(implementation_->supervisor, stop_atom::value, reason);
  } else {
    implementation_->asked = reason;
  }
}

std::string run_control::asked() const {
  const std::lock_guard<std::mutex> lock(implementation_->mutex);
  return implementation_->asked;
}

/// By starting them.
void try_threads(std::uint32_t count) {
  std::vector<std::thread> threads;
  std::promise<void> all;
  const std::shared_future<void> go = all.get_future().share();
  std::string problem;
  try {
    for (std::uint32_t i = 0; i < count; ++i) threads.emplace_back([go] { go.wait(); });
  } catch (const std::system_error& e) {
    problem = e.what();
  }
  all.set_value();
  for (std::thread& thread : threads) thread.join();
  if (!problem.empty()) {
    throw run_error("actors.workers", fmt::format("cannot start {} threads: {}", count, problem));
  }
}

namespace {

/// Servers, shards and workers of a run in this process.
cast_handles play_here(run_session& session, caf::actor_system& system, const prepared_run& run) {
  const actors_spec& count = run.plan->of.actors;
  cast_handles cast;
  for (std::uint32_t i = 0; i < count.parameter_servers; ++i) {
    cast.servers.push_back(session.keep(system.spawn(parameter_server, run.plan, i)));
  }
  const std::uint64_t rows = run.plan->rows_per_epoch;
  const auto first = cut_shards(rows, count.data_shards);
  for (std::uint32_t i = 0; i < count.data_shards; ++i) {
    const position_range owned{first[i], i + 1 < count.data_shards ? first[i + 1] : rows};
    cast.shards.push_back(
        session.keep(system.spawn(data_shard, run.plan, run.data.train, owned, std::uint64_t{0})));
  }
  for (std::uint32_t i = 0; i < count.workers; ++i) {
    cast.workers.push_back(session.keep(system.spawn<caf::detached>(worker, run.plan, i, 1u)));
  }
  return cast;
}

}  // namespace

train_result train(caf::actor_system& system, const job& of, const train_options& options,
                   const catalogue& known) {
  require_configured(system.config());
  const prepared_run run = prepare_run(of, options, known);
  try_threads(run.of.actors.workers + 1);
  run_session session(system, run, options);
  session.lead(play_here(session, system, run));
  return session.run();
}

train_result train(const job& of, const train_options& options, const catalogue& known) {
  caf::actor_system_config config;
  configure(config);
  caf::actor_system system(config);
  return train(system, of, options, known);
}

}  // namespace troupe
