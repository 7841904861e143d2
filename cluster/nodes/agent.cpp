#include "troupe/cluster/nodes/agent.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/version.hpp"
#include "troupe/cluster/nodes/stage.hpp"

namespace troupe {

namespace {

constexpr std::chrono::seconds dial_timeout{15}, join_timeout{10};
constexpr double most_delay = 2, first_delay = 0.1;
/// Seconds for the windows under way when a node leaves by its own wish.
constexpr std::chrono::seconds leave_timeout{20};

std::uint64_t memory_of_machine() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size)
             : 0;
}

std::uint64_t memory_of_process() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t whole = 0, resident = 0;
  file >> whole >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double seconds_of_process() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

void agent_state::begin(agent_setup setup, catalogue known, caf::io::middleman_actor dialler) {
  setup_ = std::move(setup);
  known_ = std::move(known);
  dialler_ = std::move(dialler);
  patience_ = setup_.patience;
  alone_since_ = now();
}

double agent_state::now() const {
  return std::chrono::duration<double>(self_->clock().now().time_since_epoch()).count();
}

void agent_state::say(const std::string& line) const {
  if (setup_.log) setup_.log(line);
}

caf::result<std::string> agent_state::run() {
  if (outcome_) return *outcome_;
  auto promise = self_->make_response_promise<std::string>();
  promise_ = promise;
  self_->send(self_, dial_atom::value);
  return promise;
}

void agent_state::end(const std::string& failure) {
  if (mode_ == mode::ended) return;
  mode_ = mode::ended;
  leave_stage();
  outcome_ = failure;
  if (promise_) promise_->deliver(failure);
  self_->quit();
}

void agent_state::leave_stage() {
  if (stage_) self_->send_exit(stage_, caf::exit_reason::user_shutdown);
  stage_ = nullptr;
  workers_.clear();
}

void agent_state::dial() {
  if (mode_ != mode::dialling) return;
  self_
      ->request(dialler_, dial_timeout, caf::connect_atom::value, setup_.director_host,
                setup_.director_port)
      .then([this](const caf::node_id&, const caf::strong_actor_ptr& director,
                   const std::set<std::string>&) { connected(director); },
            [this](const caf::error& problem) {
              try_again(text_of(problem, self_->system().config()));
            });
}

void agent_state::try_again(const std::string& why) {
  if (mode_ == mode::leaving) return end("");
  if (mode_ == mode::ended) return;
  mode_ = mode::dialling;
  if (now() - alone_since_ >= patience_) {
    return end(fmt::format("no supervisor at {}:{} for {} s: {}", setup_.director_host,
                           setup_.director_port, patience_, why));
  }
  const double delay = std::min(first_delay * (1 << std::min(attempts_++, 10u)), most_delay);
  self_->delayed_send(
      self_,
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(delay)),
      dial_atom::value);
}

void agent_state::connected(const caf::strong_actor_ptr& director) {
  if (mode_ != mode::dialling) return;
  if (!director) return try_again("nobody leads a run there");
  mode_ = mode::joining;
  director_ = caf::actor_cast<director_actor>(director);
  self_->monitor(director_);
  wire_builder<schema::Join> join;
  join->setSpoken(schema::Join::PROTOCOL);
  join->setCluster(setup_.cluster);
  join->setNode(setup_.node);
  join->setHost(setup_.host);
  join->setPort(setup_.port);
  join->setCores(std::max(1u, std::thread::hardware_concurrency()));
  join->setMemory(memory_of_machine());
  join->setProcess(static_cast<std::uint32_t>(::getpid()));
  join->setProgram(version);
  join->setSession(session_);
  join->setWorkers(setup_.workers);
  join->setParameterServers(setup_.parameter_servers);
  self_->request(director_, join_timeout, std::move(join).finish(), agent_actor{self_})
      .then([this](const welcome_msg& message) { welcomed(*message); },
            [this, attempt = ++joins_](const caf::error& problem) {
              // Of an earlier attempt nobody waits for an answer any more.
              if (mode_ != mode::joining || attempt != joins_) return;
              try_again(text_of(problem, self_->system().config()));
            });
}

void agent_state::welcomed(const schema::Welcome::Reader& message) {
  if (mode_ != mode::joining) return;
  const std::string reason = message.getReason().cStr();
  if (!reason.empty() && message.getAgain()) return try_again(reason);
  if (!reason.empty()) return end("turned away: " + reason);
  // What it played before is another incarnation's now.
  leave_stage();
  mode_ = mode::member;
  session_ = message.getSession();
  grace_ = message.getGrace();
  attempts_ = 0;
  say(fmt::format("joined cluster {} as {}", setup_.cluster, setup_.node));
}

void agent_state::down(const caf::down_msg& message) {
  if (!director_ || director_ != message.source) return;
  director_ = nullptr;
  if (mode_ == mode::leaving) return end("");
  if (mode_ == mode::joining) return try_again("the connection was lost");
  if (mode_ != mode::member) return;
  say("the supervisor is lost; looking for it");
  alone_since_ = now();
  patience_ = grace_;
  try_again("the connection was lost");
}

void agent_state::pulse(const pulse_msg& message) {
  if (mode_ != mode::member && mode_ != mode::leaving) return;
  wire_builder<schema::Pulse> answer;
  answer->setSession(session_);
  answer->setNumber((*message).getNumber());
  answer->setMemory(memory_of_process());
  answer->setSeconds(seconds_of_process());
  self_->send(director_, std::move(answer).finish());
}

void agent_state::told_to_leave(const schema::Leave::Reader& message) {
  if (message.getSession() != session_) return;
  if (mode_ == mode::leaving) return end("");
  if (mode_ != mode::member) return;
  if (!message.getReturns()) return end(message.getReason().cStr());
  say(fmt::format("was given up ({}); joining again", message.getReason().cStr()));
  leave_stage();
  self_->demonitor(director_.address());
  director_ = nullptr;
  mode_ = mode::dialling;
  alone_since_ = now();
  patience_ = grace_;
  dial();
}

/// The workers close their windows and report them, so that nothing is trained twice.
void agent_state::leave() {
  if (mode_ == mode::ended) return;
  if (mode_ != mode::member) return end("");  // also: asked a second time
  mode_ = mode::leaving;
  say("leaving");
  unfinished_ = workers_.size() + 1;
  const auto finished = [this] {
    if (--unfinished_ > 0 || mode_ != mode::leaving) return;
    wire_builder<schema::Leave> message;
    message->setSession(session_);
    message->setReason("it was told to");
    self_->send(director_, std::move(message).finish());
    // The director lets go of it, or the connection does.
    self_->delayed_send(self_, join_timeout, stop_atom::value);
  };
  for (const worker_actor& worker : workers_) {
    self_->request(worker, leave_timeout, finish_atom::value)
        .then([=](finished_atom) { finished(); }, [=](const caf::error&) { finished(); });
  }
  finished();
}

caf::result<playing_msg, std::vector<parameter_server_actor>, std::vector<data_shard_actor>,
            std::vector<worker_actor>>
agent_state::invited(const invite_msg& message, const data_shard_actor& source) {
  if (mode_ != mode::member) return actor_failure("", "it is no member of the cluster now");
  if (!stage_) {
    stage_ = self_->system().spawn<caf::detached>(stage, known_, dialler_);
  }
  auto promise =
      self_->make_response_promise<playing_msg, std::vector<parameter_server_actor>,
                                   std::vector<data_shard_actor>, std::vector<worker_actor>>();
  self_->request(stage_, caf::infinite, message, source)
      .then(
          [this, promise](const playing_msg& playing,
                          const std::vector<parameter_server_actor>& servers,
                          const std::vector<data_shard_actor>& shards,
                          const std::vector<worker_actor>& workers) mutable {
            workers_.insert(workers_.end(), workers.begin(), workers.end());
            promise.deliver(playing, servers, shards, workers);
          },
          [this, promise](const caf::error& problem) mutable {
            if (problem == caf::sec::request_receiver_down)
              leave_stage();  // another one, next time
            promise.deliver(problem);
          });
  return promise;
}

agent_actor::behavior_type agent(agent_state::pointer self, const agent_setup& setup,
                                 const catalogue& known, const caf::io::middleman_actor& dialler) {
  fail_on_exception(self, "agent");
  self->state.begin(setup, known, dialler);
  self->set_down_handler([=](const caf::down_msg& message) { self->state.down(message); });
  return {
      [=](const invite_msg& message, const data_shard_actor& source) {
        return self->state.invited(message, source);
      },
      [=](const pulse_msg& message) { self->state.pulse(message); },
      [=](const leave_msg& message) { self->state.told_to_leave(*message); },
      [=](dial_atom) { self->state.dial(); },
      [=](stop_atom) { self->state.leave(); },
      [=](run_atom) { return self->state.run(); },
  };
}

}  // namespace troupe
