#include "troupe/actors/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <cmath>

#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/data_shard.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

namespace {

constexpr std::chrono::milliseconds tick_period{100};

}  // namespace

void supervisor_state::begin(std::shared_ptr<const run_plan> plan, cast_handles cast) {
  plan_ = std::move(plan);
  cast_ = std::move(cast);
  const job& of = plan_->of;
  allocation_.emplace(plan_, static_cast<std::uint32_t>(cast_.workers.size()));
  totals_.emplace(plan_);
  rules_.emplace(of.training.stop);
  parts_.resize(cast_.workers.size());
  std::vector<std::string> nodes = cast_.server_nodes;
  nodes.resize(cast_.servers.size());
  // Who ends a run with any loss needs no backups.
  backs_up_ = of.cluster && cast_.casting && cast_.recasts_lost;
  slices_.emplace(plan_->slice_count(), nodes, backs_up_ ? of.cluster->replicas : 0);
  auto watch_all = [this](const auto& actors, role what) {
    for (std::uint32_t i = 0; i < actors.size(); ++i) watch(actors[i].address(), what, i);
  };
  watch_all(cast_.servers, role::server);
  watch_all(cast_.shards, role::shard);
  watch_all(cast_.workers, role::worker);
  watch(cast_.evaluator.address(), role::helper, 0);
  watch(cast_.recorder.address(), role::helper, 1);
  if (!cast_.from) return;
  try {
    go_on_from(*cast_.from);
  } catch (const error& e) {
    fail(e.what());
  }
}

void supervisor_state::watch(const caf::actor_addr& actor, role what, std::uint32_t number) {
  const auto on = [&](const std::vector<std::string>& nodes) {
    const bool known = number < nodes.size() && !nodes[number].empty();
    return known ? fmt::format(" (node {})", nodes[number]) : std::string();
  };
  std::string known_as;
  switch (what) {
    case role::server:
      known_as = fmt::format("parameter server {}{}", number, on(cast_.server_nodes));
      break;
    case role::shard:
      known_as = fmt::format("data shard {}{}", number, on(cast_.shard_nodes));
      break;
    case role::worker:
      known_as = fmt::format("worker {}{}", number, on(cast_.worker_nodes));
      break;
    case role::helper:
      known_as = number == 0 ? "evaluator" : "recorder";
      break;
  }
  self_->monitor(actor);
  watched_[actor] = {what, number, std::move(known_as)};
}

double supervisor_state::now() const {
  if (!start_) return trained_before_;
  const auto time = paused_since_.value_or(self_->clock().now());
  return trained_before_ + std::chrono::duration<double>(time - *start_).count();
}

void supervisor_state::record(const std::string& event, nlohmann::json facts) {
  self_->send(cast_.recorder, run_event{now(), event, std::move(facts)});
}

caf::result<outcome_ptr> supervisor_state::run() {
  if (outcome_) return outcome_;  // stopped or failed before it began
  if (mode_ != mode::idle) return actor_failure("supervisor", "this run was started before");
  auto promise = self_->make_response_promise<outcome_ptr>();
  promise_ = promise;
  mode_ = mode::installing;
  install();
  return promise;
}

void supervisor_state::install() {
  std::vector<float> parameters = plan_->first_parameters, statistics = plan_->first_statistics;
  if (cast_.from) {
    parameters = cast_.from->center.parameters;
    statistics = cast_.from->center.statistics;
  }
  const bool initialise = parameters.empty();
  parameters.resize(std::max(parameters.size(), plan_->model.parameters));
  statistics.resize(std::max(statistics.size(), plan_->model.statistics));
  waiting_ = slices_->size();
  std::vector<std::uint32_t> here, home;
  for (std::uint32_t server = 0; server < cast_.servers.size(); ++server) {
    if (slices_->is_here(server)) here.push_back(server);
  }
  for (std::size_t slice = 0; slice < waiting_; ++slice) {
    home.push_back(here[plan_->home_of(slice, here.size())]);
  }
  slices_->begin(home);
  for (std::size_t slice = 0; slice < home.size(); ++slice) {
    if (initialise && slice % plan_->group_slices() == 0) {
      const auto group = static_cast<std::uint32_t>(slice / plan_->group_slices());
      network(plan_->of.model, 1, plan_->known.models)
          .initialise(parameters, statistics, plan_->seed_of(group));
    }
    const slice_range range = plan_->range_of(slice);
    const auto& whole = plan_->is_statistics(slice) ? statistics : parameters;
    wire_builder<schema::Install> message;
    message->setRun(plan_->run);
    message->setSlice(static_cast<std::uint32_t>(slice));
    message->setFirst(range.first);
    message->setStatistics(plan_->is_statistics(slice));
    const auto payload =
        message.floats(range.count, [&](auto&& data) { message->adoptPayload(kj::mv(data)); });
    // A checkpoint has the models of all groups, one after the other.
    const std::size_t length =
        plan_->is_statistics(slice) ? plan_->model.statistics : plan_->model.parameters;
    const std::size_t group = cast_.from ? slice / plan_->group_slices() : 0;
    std::copy_n(whole.data() + group * length + range.first, range.count, payload.data());
    if (cast_.from) {
      const checkpoint::slice& kept = cast_.from->slices[slice];
      message->setVersion(kept.version);
      message->setSteps(kept.steps);
      const auto state = message.floats(kept.state.size(),
                                        [&](auto&& data) { message->adoptState(kj::mv(data)); });
      std::copy(kept.state.begin(), kept.state.end(), state.begin());
    }
    message->setRate(rate_);
    message->setTerm(slices_->at(slice).term);
    auto incarnations = message->initIncarnations(static_cast<unsigned>(parts_.size()));
    for (unsigned i = 0; i < incarnations.size(); ++i) incarnations.set(i, parts_[i].asked);
    self_->request(cast_.servers[home[slice]], answer_timeout, std::move(message).finish())
        .then(
            [this, age = age_](installed_atom) {
              if (age == age_ && --waiting_ == 0) installed();
            },
            [this, age = age_](const caf::error& problem) {
              if (age == age_) on_error(problem);
            });
  }
}

/// Nobody trains before there are backups of what they start from.
void supervisor_state::installed() {
  if (mode_ != mode::installing) return;
  if (backs_up_) {
    // All of them: one that led a slice before the run went back may lead none now.
    slice_map::homes all = slices_->fill();
    for (std::uint32_t i = 0; i < cast_.servers.size(); ++i) {
      if (slices_->is_here(i)) all.insert(i);
    }
    lead(all);
  }
  if (slices_->all_whole()) introduce();
}

void supervisor_state::introduce() {
  mode_ = mode::joining;
  const auto count = static_cast<std::uint32_t>(cast_.workers.size());
  if (plan_->protocol.warm_up) {
    const warm_start warm = plan_->protocol.warm_up(plan_->setup);
    if (count > 1 && (warm.rows > 0 || warm.seconds > 0)) warming_ = warm;
  }
  reroute();
  introduce_workers(0, warming_ ? 1 : count);
  if (!std::exchange(ticking_, true)) self_->delayed_send(self_, tick_period, tick_atom::value);
}

route_msg supervisor_state::make_route() const {
  wire_builder<schema::Route> message;
  message->setRun(plan_->run);
  auto slices = message->initSlices(static_cast<unsigned>(slices_->size()));
  for (unsigned i = 0; i < slices.size(); ++i) slices.set(i, slices_->at(i).home);
  const auto shards =
      cut_shards(plan_->rows_per_epoch, static_cast<std::uint32_t>(cast_.shards.size()));
  auto firsts = message->initShardFirst(static_cast<unsigned>(shards.size()));
  for (unsigned i = 0; i < firsts.size(); ++i) firsts.set(i, shards[i]);
  message->setRate(rate_);
  return std::move(message).finish();
}

void supervisor_state::introduce_workers(std::uint32_t first, std::uint32_t last) {
  const route_msg route = make_route();
  for (std::uint32_t i = first; i < last; ++i) {
    if (parts_[i].now != presence::absent) continue;
    parts_[i].now = presence::invited;
    introduce_worker(i, route);
  }
}

void supervisor_state::introduce_worker(std::uint32_t worker, const route_msg& route) {
  self_->send(cast_.workers[worker], route, leader_actor{supervisor_actor{self_}}, cast_.servers,
              cast_.shards);
}

void supervisor_state::ready(const schema::Ready::Reader& message) {
  const std::uint32_t worker = message.getWorker();
  const bool expected = mode_ == mode::joining || mode_ == mode::training;
  if (!expected || !is_current(worker, message.getIncarnation())) return;
  if (parts_[worker].now != presence::invited) return;
  parts_[worker].now = presence::ready;
  parts_[worker].heard = now();
  allocation_->joined(worker);
  nlohmann::json facts = {{"worker", worker}};
  if (worker < cast_.worker_nodes.size()) facts["node"] = cast_.worker_nodes[worker];
  if (message.getIncarnation() > 1) facts["incarnation"] = message.getIncarnation();
  record("worker_joined", std::move(facts));
  if (mode_ == mode::training) return grant();
  begin_training_if_ready();
}

/// Training begins once all who were invited are ready, or lost again.
void supervisor_state::begin_training_if_ready() {
  const auto is = [&](presence what) {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const role_state& p) { return p.now == what; });
  };
  if (mode_ != mode::joining || is(presence::invited) || !is(presence::ready)) return;
  mode_ = mode::training;
  const bool first = !start_;
  if (first) start_ = self_->clock().now();
  if (cast_.from) {
    record("resumed", {{"checkpoint", cast_.from->number}, {"rows", totals_->rows()}});
  }
  if (first) {
    record("started", {{"workers", parts_.size()},
                       {"parameter_servers", cast_.servers.size()},
                       {"parameters", plan_->model.parameters},
                       {"rows_per_epoch", plan_->rows_per_epoch}});
  }
  cast_.from.reset();
  if (allocation_->all_done()) return stop("epochs");
  grant();
}

void supervisor_state::end_warm_start_if_due() {
  if (!warming_) return;
  const bool rows = warming_->rows > 0 && totals_->rows() >= warming_->rows;
  const bool seconds = warming_->seconds > 0 && now() >= warming_->seconds;
  // With equal shares the first worker may be through with its own before that.
  const bool idle = parts_[0].now == presence::ready && allocation_->idle(0);
  const bool lost = parts_[0].now == presence::lost;
  if (!rows && !seconds && !idle && !lost) return;
  warming_.reset();
  record("warm_start_ended", {{"rows", totals_->rows()}});
  introduce_workers(1, static_cast<std::uint32_t>(cast_.workers.size()));
}

void supervisor_state::report_progress(std::uint32_t worker, double least_seconds) {
  if (const auto line = totals_->take_report(worker, now(), least_seconds)) {
    self_->send(cast_.recorder, *line);
  }
}

void supervisor_state::report_progress_of_all(double least_seconds) {
  for (std::uint32_t i = 0; i < parts_.size(); ++i) report_progress(i, least_seconds);
}

void supervisor_state::evaluate_if_due() {
  const double every = plan_->of.training.evaluate_every * static_cast<double>(plan_->epoch_rows());
  // The last one is that of the saved model, after all windows are answered.
  if (!(every > 0) || evaluating_ || allocation_->all_done() || !plan_->has_evaluation) return;
  const auto due =
      static_cast<std::uint64_t>(std::min(static_cast<double>(totals_->rows()) / every, 1e18));
  if (due <= evaluations_due_) return;
  evaluations_due_ = due;
  evaluating_ = true;
  self_->request(cast_.evaluator, caf::infinite, score_request{++evaluations_asked_, {}, {}})
      .then(
          [this, rows = totals_->rows(), age = age_](const score& s) {
            if (age == age_) evaluated(s, rows);
          },
          [this, age = age_](const caf::error& problem) {
            if (age == age_) on_error(problem);
          });
}

void supervisor_state::record_evaluation(report line) {
  evaluation_ = line;
  self_->send(cast_.recorder, std::move(line));
}

void supervisor_state::evaluated(const score& s, std::uint64_t rows) {
  evaluating_ = false;
  if (!s.has_data) return;
  record_evaluation(totals_->evaluation_report(s, rows, now()));
  rules_->add(s);
  if (mode_ != mode::training) return;
  if (const auto reason = rules_->after_evaluation()) return stop(*reason);
  evaluate_if_due();
}

void supervisor_state::tick() {
  if (mode_ < mode::installing || mode_ > mode::training) {
    ticking_ = false;
    return;
  }
  give_up_if_lonely();
  if (mode_ >= mode::joining) end_warm_start_if_due();
  if (mode_ == mode::training) {
    report_progress_of_all(report_seconds);
    allocation_->reconsider();
    grant();
    even_out();
    checkpoint_if_due();
    if (const auto reason = rules_->after_seconds(now())) return stop(*reason);
  }
  if (mode_ != mode::done) self_->delayed_send(self_, tick_period, tick_atom::value);
}

void supervisor_state::on_error(const caf::error& problem) {
  // Every actor asked is monitored: its `down` says who ended, and why.
  if (problem == caf::sec::request_receiver_down) return;
  fail(text_of(problem, self_->system().config()));
}

void supervisor_state::fail(const std::string& why) {
  if (mode_ == mode::done) return;
  record("failed", {{"reason", why}});
  ending_.seconds = now();
  ending_.stopped_by = "failed";
  ending_.failure = why;
  deliver(nullptr);
}

supervisor_actor::behavior_type supervisor(supervisor_state::pointer self,
                                           std::shared_ptr<const run_plan> plan,
                                           cast_handles cast) {
  self->set_exception_handler([self](std::exception_ptr& problem) -> caf::error {
    const std::string why = "supervisor: " + what_of(problem);
    self->state.crashed(why);
    return actor_failure("supervisor", what_of(problem));
  });
  self->set_down_handler([self](const caf::down_msg& message) { self->state.down(message); });
  self->state.begin(std::move(plan), std::move(cast));
  return {
      [=](run_atom) { return self->state.run(); },
      [=](const ready_msg& message) { self->state.ready(*message); },
      [=](const progress_msg& message) { self->state.progress(*message); },
      [=](const diverged_msg& message) { self->state.diverged(*message); },
      [=](const yielded_msg& message) { self->state.yielded(*message); },
      [=](checkpoint_atom) { self->state.keep(); },
      [=](pause_atom, bool paused) { return self->state.pause(paused); },
      [=](std::uint32_t worker, std::uint32_t incarnation, const worker_actor& actor) {
        self->state.recast(worker, incarnation, actor);
      },
      [=](std::uint32_t shard, const data_shard_actor& actor) { self->state.recast(shard, actor); },
      [=](std::uint32_t server, const parameter_server_actor& actor) {
        self->state.recast(server, actor);
      },
      [=](join_atom, const std::string& node, std::uint32_t worker, const worker_actor& actor) {
        self->state.join(node, worker, actor);
      },
      [=](join_atom, const std::string& node, std::uint32_t server,
          const parameter_server_actor& actor) { self->state.join(node, server, actor); },
      [=](const part_lost& which) { self->state.lost(which); },
      [=](server_atom, const caf::actor_addr& server) { self->state.unreachable(server); },
      [=](const run_event& event) { self->state.note(event); },
      [=](suspect_atom, std::uint32_t worker, bool silent) { self->state.suspect(worker, silent); },
      [=](status_atom) { return self->state.status(); },
      [=](stop_atom, const std::string& reason) { self->state.stop(reason); },
      [=](tick_atom) { self->state.tick(); },
  };
}

}  // namespace troupe
