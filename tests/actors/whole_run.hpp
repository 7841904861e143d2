#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/stage.hpp"
#include "troupe/base/random.hpp"

namespace troupe::testing {

/// A classification small enough to train in virtual time: two features, the label is whether
/// their sum is positive.
inline prepared_data two_classes(std::size_t rows) {
  auto part = [](std::size_t count, std::uint64_t seed) {
    auto data = std::make_shared<dataset>();
    const random_stream draws(seed, random_purpose::test);
    data->shape = {2};
    data->type = element_type::f32;
    data->features.resize(count * 2 * sizeof(float));
    auto* values = reinterpret_cast<float*>(data->features.data());
    for (std::size_t i = 0; i < 2 * count; ++i) values[i] = draws.uniform(i) - 0.5f;
    for (std::size_t i = 0; i < count; ++i) {
      data->labels.push_back(values[2 * i] + values[2 * i + 1] > 0 ? 1.0f : 0.0f);
    }
    data->set_rows(count);
    return data;
  };
  prepared_data data;
  data.train = part(rows, 1);
  data.test = part(200, 2);
  data.transforms = pipeline({}, {2}, catalogue::builtin().data.transforms);
  return data;
}

inline job small_job(const std::vector<std::string>& overrides = {}) {
  return parse_job(
      "name: small\n"
      "data: {train: {format: synthetic, rows: 100}, split: {test: 0.5}}\n"
      "model:\n"
      "  input: [2]\n"
      "  layers: [{dense: {units: 8, activation: tanh}}, {dense: {units: 2}}]\n"
      "  loss: categorical_crossentropy\n"
      "  metrics: [accuracy]\n"
      "optimizer: {protocol: downpour, communication_window: 3,\n"
      "            gradient_rule: {name: sgd, learning_rate: 0.2}}\n"
      "training: {epochs: 3, batch_size: 8}\n"
      "actors: {workers: 3, parameter_servers: 2, data_shards: 2, slice: 16}\n",
      "small.yaml", overrides, catalogue::builtin());
}

struct heard_lines {
  std::vector<report> reports;
  std::vector<run_event> events;
  bool has_event(const std::string& name) const {
    return std::any_of(events.begin(), events.end(),
                       [&](const run_event& e) { return e.name == name; });
  }
};

/// Tells of every commit that a slice hears of.
class counted_commits final : public consistency {
 public:
  counted_commits(std::unique_ptr<consistency> of, std::function<void()> tell)
      : of_(std::move(of)), tell_(std::move(tell)) {}
  steps commit(std::uint32_t worker, std::uint64_t clock) override {
    tell_();
    return of_->commit(worker, clock);
  }
  steps join(const membership& now) override { return of_->join(now); }
  steps close(std::uint64_t clock, const std::vector<std::uint32_t>& accepted) override {
    return of_->close(clock, accepted);
  }
  std::uint64_t clock() const override { return of_->clock(); }
  memory remember() const override { return of_->remember(); }
  void recall(const memory& of) override { of_->recall(of); }

 private:
  std::unique_ptr<consistency> of_;
  std::function<void()> tell_;
};

/// `casts`: parts that are lost are played again by new actors. `from`: the run goes on from there.
class whole_run {
 public:
  whole_run(const job& of, prepared_data data, const std::function<void(run_plan&)>& spoil = {},
            bool casts = false, checkpoint_ptr from = nullptr)
      : data_(std::move(data)) {
    plan_ = plan_of(of, data_);
    if (spoil) spoil(*plan_);
    const auto make = plan_->consistency.make;
    plan_->consistency.make = [this, make](const troupe::settings& options, bool decides) {
      return std::make_unique<counted_commits>(make(options, decides), [this] { committed(); });
    };
    cast_.recorder = stage_.keep(
        stage_.system.spawn(recorder, std::string(),
                            run_observer{[this](const report& r) { heard.reports.push_back(r); },
                                         [this](const run_event& e) {
                                           heard.events.push_back(e);
                                           if (on_event) on_event(e);
                                         }},
                            false));
    for (std::uint32_t i = 0; i < of.actors.parameter_servers; ++i) {
      cast_.servers.push_back(stage_.keep(stage_.system.spawn(parameter_server, plan_, i)));
    }
    for (std::uint32_t i = 0; i < of.actors.data_shards; ++i) {
      cast_.shards.push_back(stage_.keep(stage_.system.spawn(
          data_shard, plan_, data_.train, rows_of_shard(*plan_, i), std::uint64_t{0})));
    }
    for (std::uint32_t i = 0; i < of.actors.workers; ++i) {
      cast_.workers.push_back(stage_.keep(stage_.system.spawn(worker, plan_, i, 1u)));
    }
    cast_.evaluator = stage_.keep(stage_.system.spawn(
        evaluator, plan_, data_.validation ? data_.validation : data_.test, data_.test));
    cast_.from = std::move(from);
    cast_now_ = cast_;
    if (casts) cast_.casting = stage_.keep(stage_.system.spawn(recaster, this));
    cast_.archivist = stage_.keep(stage_.system.spawn(
        [this](caf::unit_t) {
          return archivist_actor::behavior_type{
              [this](const cut_ptr& cut) {
                kept.push_back(std::make_shared<const checkpoint>(assemble(*cut, *plan_)));
                return std::string("kept");
              },
              [this](load_atom, std::uint64_t most) {
                const auto last = std::find_if(kept.rbegin(), kept.rend(),
                                               [&](const auto& k) { return k->number <= most; });
                return last == kept.rend() ? nullptr : *last;
              }};
        },
        caf::unit));
    supervisor_ = stage_.keep(stage_.system.spawn(supervisor, plan_, cast_));
  }

  /// Asks the supervisor to run, once.
  void start() {
    if (!started_) self_->send(caf::actor_cast<caf::actor>(supervisor_), run_atom::value);
    started_ = true;
  }
  /// From now on messages of different actors are worked on in a random order.
  void shuffle(std::uint64_t seed) { stage_.shuffle(seed); }
  /// Runs until nothing more happens by itself.
  outcome_ptr finish() {
    start();
    stage_.drain();
    outcome_ptr outcome;
    self_->receive([&](const outcome_ptr& done) { outcome = done; },
                   caf::after(std::chrono::seconds(0)) >> [] {});
    return outcome;
  }

  heard_lines heard;
  std::function<void()> on_commit;  ///< of a slice
  std::function<void(const run_event&)> on_event;
  std::vector<checkpoint_ptr> kept;
  std::set<std::uint32_t> gone;  ///< workers that are not cast again
  const run_plan& plan() const { return *plan_; }
  /// Has the run kept after so many commits to slices, each time.
  void keep_every(std::size_t commits) { keep_every_ = commits; }
  stage& where() { return stage_; }
  /// Who plays now.
  const cast_handles& cast() const { return cast_now_; }
  std::uint32_t recast() const { return recast_; }
  const casting_actor& casting() const { return cast_.casting; }
  const supervisor_actor& lead() const { return supervisor_; }

  /// Two more play: worker `worker` and parameter server `server`.
  void join(std::uint32_t worker_number, std::uint32_t server) {
    auto& works = place(cast_now_.workers, worker_number);
    works = stage_.keep(stage_.system.spawn(worker, plan_, worker_number, 1u));
    auto& serves = place(cast_now_.servers, server);
    serves = stage_.keep(stage_.system.spawn(parameter_server, plan_, server));
    caf::anon_send(supervisor_, join_atom::value, std::string("help"), worker_number, works);
    caf::anon_send(supervisor_, join_atom::value, std::string("help"), server, serves);
  }

 private:
  template <class Actors>
  static typename Actors::value_type& place(Actors& actors, std::uint32_t number) {
    if (number >= actors.size()) actors.resize(number + 1);
    return actors[number];
  }
  static casting_actor::behavior_type recaster(casting_actor::pointer self, whole_run* run) {
    const auto lead = [=] { return caf::actor_cast<supervisor_actor>(self->current_sender()); };
    return {
        [=](recast_atom, std::uint32_t number, std::uint32_t incarnation) {
          if (run->gone.count(number) > 0) return;
          auto& part = place(run->cast_now_.workers, number);
          part =
              run->stage_.keep(run->stage_.system.spawn(worker, run->plan_, number, incarnation));
          ++run->recast_;
          self->send(lead(), number, incarnation, part);
        },
        [=](recast_atom, std::uint32_t number) {
          auto& part = run->cast_now_.shards[number];
          part = run->stage_.keep(run->stage_.system.spawn(data_shard, run->plan_, run->data_.train,
                                                           rows_of_shard(*run->plan_, number),
                                                           std::uint64_t{0}));
          ++run->recast_;
          self->send(lead(), number, part);
        },
        [=](recast_atom, server_atom, std::uint32_t number) {
          auto& part = place(run->cast_now_.servers, number);
          part = run->stage_.keep(run->stage_.system.spawn(parameter_server, run->plan_, number));
          ++run->recast_;
          self->send(lead(), number, part);
        },
    };
  }

  void committed() {
    ++commits_;
    if (on_commit) on_commit();
    if (keep_every_ > 0 && commits_ % keep_every_ == 0) {
      caf::anon_send(supervisor_, checkpoint_atom::value);
    }
  }

  stage stage_;
  prepared_data data_;
  std::shared_ptr<run_plan> plan_;
  cast_handles cast_, cast_now_;
  std::uint32_t recast_ = 0;
  supervisor_actor supervisor_;
  bool started_ = false;
  std::size_t keep_every_ = 0, commits_ = 0;
  caf::scoped_actor self_{stage_.system};
};

}  // namespace troupe::testing
