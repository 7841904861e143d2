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

/// Plays parts anew, for a run that goes back.
class understudies {
 public:
  using pointer = casting_actor::stateful_pointer<understudies>;
  understudies() = default;
  understudies(const understudies&) = delete;
  understudies& operator=(const understudies&) = delete;
  ~understudies() {
    for (const auto& actor : all_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }
  template <class Handle>
  Handle keep(Handle handle) {
    all_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

 private:
  std::vector<caf::actor> all_;
};

casting_actor::behavior_type casts(understudies::pointer self, std::shared_ptr<const run_plan> plan,
                                   std::shared_ptr<const dataset> rows) {
  const auto tell = [=](auto&&... what) {
    self->send(caf::actor_cast<supervisor_actor>(self->current_sender()), what...);
  };
  return {
      [=](recast_atom, std::uint32_t number, std::uint32_t incarnation) {
        tell(number, incarnation,
             self->state.keep(
                 self->system().spawn<caf::detached>(worker, plan, number, incarnation)));
      },
      [=](recast_atom, std::uint32_t number) {
        tell(number, self->state.keep(self->system().spawn(
                         data_shard, plan, rows, rows_of_shard(*plan, number), std::uint64_t{0})));
      },
      [=](recast_atom, server_atom, std::uint32_t number) {
        tell(number, self->state.keep(self->system().spawn(parameter_server, plan, number)));
      },
  };
}

/// Servers, shards and workers of a run in this process.
cast_handles play_here(run_session& session, caf::actor_system& system, const prepared_run& run) {
  const actors_spec& count = run.plan->of.actors;
  cast_handles cast;
  for (std::uint32_t i = 0; i < count.parameter_servers; ++i) {
    cast.servers.push_back(session.keep(system.spawn(parameter_server, run.plan, i)));
  }
  for (std::uint32_t i = 0; i < count.data_shards; ++i) {
    cast.shards.push_back(session.keep(system.spawn(
        data_shard, run.plan, run.data.train, rows_of_shard(*run.plan, i), std::uint64_t{0})));
  }
  for (std::uint32_t i = 0; i < count.workers; ++i) {
    cast.workers.push_back(session.keep(system.spawn<caf::detached>(worker, run.plan, i, 1u)));
  }
  if (run.plan->of.supervisor.go_backs > 0) {
    cast.casting = session.keep(system.spawn(casts, run.plan, run.data.train));
    // Whoever is lost in here ended on an error that would come again.
    cast.recasts_lost = false;
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
