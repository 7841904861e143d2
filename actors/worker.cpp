#include "troupe/actors/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>
#include <set>
#include <utility>

#include "troupe/actors/configure.hpp"

namespace troupe {

namespace {

/// How long a worker waits for another home of slices whose server is gone: whoever leads the run
/// may notice later.
constexpr std::chrono::seconds patience{20};

}  // namespace

void worker_state::begin(std::shared_ptr<const run_plan> plan, std::uint32_t number,
                         std::uint32_t incarnation) {
  plan_ = std::move(plan);
  number_ = number;
  incarnation_ = incarnation;
  group_ = plan_->group_of(number);
  first_slice_ = static_cast<std::uint32_t>(group_ * plan_->group_slices());
  who_ = fmt::format("worker {}", number);
}

void worker_state::fail(const std::string& why) {
  self_->quit(actor_failure(who_, why));
}

void worker_state::fail(const std::string& doing, const caf::error& problem) {
  fail(doing + ": " + text_of(problem, self_->system().config()));
}

void worker_state::join(const route_msg& route, const leader_actor& supervisor,
                        const std::vector<parameter_server_actor>& servers,
                        const std::vector<data_shard_actor>& shards) {
  const auto message = *route;
  auto home = homes_of(message, *plan_, servers);
  home.erase(home.begin(), home.begin() + first_slice_);
  home.resize(plan_->group_slices());
  if (feed_) {
    reroute(home);
    return replace_shards(shards);
  }
  // The handle of a server that has ended on this node arrives empty: another route comes.
  const bool whole = std::find(home.begin(), home.end(), nullptr) == home.end();
  if (mode_ != mode::joining || !whole) return;
  home_ = std::move(home);
  const auto firsts = message.getShardFirst();
  if (firsts.size() != shards.size() || shards.empty()) {
    return fail("the route does not name the data shards");
  }
  for (unsigned i = 0; i < firsts.size(); ++i) {
    if (i == 0 ? firsts[i] != 0 : firsts[i] < firsts[i - 1]) {
      return fail("the route's data shards are not in order");
    }
  }
  supervisor_ = supervisor;
  shards_ = shards;
  // What was asked of an actor of another node that is gone is never answered.
  for (const auto& server : std::set<parameter_server_actor>(home_.begin(), home_.end())) {
    self_->monitor(server);
  }
  for (const auto& shard : shards_) {
    if (shard) self_->monitor(shard);
  }
  replica_ = std::make_unique<replica>(plan_, group_, message.getRate());
  codec_ = std::make_unique<payload_codec>(plan_, true);
  answers_ = std::make_unique<answer_codec>(*plan_);
  std::vector<std::uint64_t> shard_first;
  for (const std::uint64_t first : firsts) shard_first.push_back(first);
  feed_ = std::make_unique<row_feed>(plan_, std::move(shard_first), group_);
  slices_.resize(home_.size());
  base_version_.assign(home_.size(), 0);
  puller_.pull(
      self_, *plan_, home_, {first_slice_, number_},
      [this](std::size_t slice, std::uint64_t version, span<const float> values) {
        replica_->install(first_slice_ + slice, values);
        base_version_[slice] = version;
      },
      [this] { joined(); }, [this](const std::string& why) { fail(why); });
}

void worker_state::joined() {
  if (mode_ != mode::joining) return;  // stopped in the meantime
  replica_->start();
  mode_ = mode::training;
  wire_builder<schema::Ready> ready;
  ready->setWorker(number_);
  ready->setIncarnation(incarnation_);
  self_->send(supervisor_, std::move(ready).finish());
}

void worker_state::assign(const schema::Assign::Reader& message) {
  if (mode_ == mode::stopped || !feed_ || !finishing_.empty()) return;
  const position_range range{message.getFirst(), message.getLast()};
  const bool may_be_empty = plan_->in_rounds() && message.getCloses();
  if (message.getEpoch() >= plan_->of.training.epochs || range.first > range.last ||
      (range.first == range.last && !may_be_empty) || range.last > plan_->group_rows(group_)) {
    return fail("a lease lies outside the run");
  }
  view_ = std::max(view_, message.getView());
  if (!plan_->in_rounds()) clock_ = std::max(clock_, message.getClock());
  window_rows_ = message.getWindowRows();
  feed_->assign({message.getLease(), number_, message.getEpoch(), range, message.getClock(),
                 message.getCloses()});
  fetch_more();
  schedule();
}

void worker_state::revoke(const schema::Revoke::Reader& message) {
  if (mode_ == mode::stopped || !feed_ || !finishing_.empty()) return;
  const position_range rest = feed_->give_back(message.getLease());
  if (rest.size() == 0) return;  // the report says so
  yield(message.getLease(), rest);
  fetch_more();
  if (mode_ == mode::training) go_on();
}

void worker_state::yield(std::uint64_t lease, const position_range& rest) {
  wire_builder<schema::Yielded> message;
  message->setWorker(number_);
  message->setIncarnation(incarnation_);
  message->setLease(lease);
  message->setFirst(rest.first);
  self_->send(supervisor_, std::move(message).finish());
}

void worker_state::fetch_more() {
  while (const auto wanted = feed_->next_request()) {
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) fetch_from(shard, *wanted);
  }
}

void worker_state::fetch_from(std::size_t shard, const row_feed::request& wanted) {
  if (!shards_[shard]) return;  // its successor is asked for what is lacking
  wire_builder<schema::Fetch> fetch;
  fetch->setRun(plan_->run);
  fetch->setEpoch(wanted.epoch);
  fetch->setFirst(wanted.range.first);
  fetch->setLast(wanted.range.last);
  fetch->setGroup(group_);
  set_clock();
  self_->request(shards_[shard], caf::infinite, std::move(fetch).finish())
      .then(
          [this, shard, asked = shards_[shard]](const rows_msg& rows) {
            talked_ = self_->clock().now();
            if (asked != shards_[shard]) return;  // its successor was asked again
            if (!feed_->arrived(shard, rows)) {
              return fail(fmt::format("data shard {} sent rows nobody asked for", shard));
            }
            fetch_more();
            schedule();
          },
          [this, shard, asked = shards_[shard]](const caf::error& problem) {
            // Of a shard that is gone the supervisor makes another one.
            const bool gone = problem == caf::sec::request_receiver_down;
            if (asked == shards_[shard] && !gone) fail("fetching rows", problem);
          });
}

void worker_state::replace_shards(const std::vector<data_shard_actor>& shards) {
  if (shards.size() != shards_.size()) return fail("the route does not name the data shards");
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    if (shards[shard] == shards_[shard]) continue;
    if (shards_[shard]) self_->demonitor(shards_[shard].address());
    shards_[shard] = shards[shard];
    if (!shards_[shard]) continue;  // gone already; another one comes
    self_->monitor(shards_[shard]);
    for (const row_feed::request& wanted : feed_->lacking(shard)) fetch_from(shard, wanted);
  }
}

void worker_state::down(const caf::down_msg& message) {
  if (std::find(home_.begin(), home_.end(), message.source) == home_.end()) return;
  self_->delayed_send(self_, patience, server_atom::value, message.source);
}

/// Somebody else should be the home of its slices by now.
void worker_state::still_gone(const caf::actor_addr& server) {
  const bool lacks = std::find(home_.begin(), home_.end(), server) != home_.end();
  if (lacks && mode_ != mode::stopped) fail("a parameter server is gone");
}

void worker_state::set_clock() {
  talked_ = self_->clock().now();
  if (clock_set_) return;
  clock_set_ = true;
  self_->delayed_send(self_, answer_timeout, caf::tick_atom::value);
}

/// From somebody who is there: what the lost were asked is asked of their successors.
bool worker_state::lacks_answers() const {
  if (exchanging_ && unanswered_ > 0) return true;
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    if (shards_[shard] && !feed_->lacking(shard).empty()) return true;
  }
  return false;
}

void worker_state::look_at_clock() {
  clock_set_ = mode_ != mode::stopped && lacks_answers();
  if (!clock_set_) return;
  const auto silent = self_->clock().now() - talked_;
  if (silent >= answer_timeout) return fail("nobody answers");
  self_->delayed_send(self_, answer_timeout - silent, caf::tick_atom::value);
}

void worker_state::schedule() {
  if (step_sent_ || mode_ != mode::training || !feed_->ready()) return;
  step_sent_ = true;
  self_->send(self_, step_atom::value);
}

void worker_state::step() {
  step_sent_ = false;
  if (mode_ != mode::training || !feed_->ready()) return;
  if (replica_->window().facts.mini_batches == 0) window_start_ = self_->clock().now();
  const std::uint64_t trained = replica_->window().facts.rows;
  const mini_batch rows =
      window_rows_ > trained ? feed_->take(window_rows_ - trained) : feed_->take();
  last_batch_ = rows.range;
  last_epoch_ = rows.epoch;
  fetch_more();
  const intent wanted = replica_->step(rows);
  if (!replica_->finite()) return diverge(-1, "the loss is not finite");
  const double most = plan_->of.supervisor.loss_above;
  if (most > 0 && replica_->last_loss() > most) {
    return diverge(-1,
                   fmt::format("the loss is {:.4g}, above {:.4g}", replica_->last_loss(), most));
  }
  act(decide(rows, wanted));
}

/// What follows a mini-batch, given what the protocol wants.
intent worker_state::decide(const mini_batch& rows, intent wanted) {
  if (plan_->in_rounds()) {
    // The round says how long a window is.
    clock_ = rows.clock;
    return rows.closes ? intent::commit : intent::none;
  }
  if (window_rows_ > 0) {
    // So does the supervisor, where workers differ in speed.
    if (replica_->window().facts.rows >= window_rows_) return replica_->closing();
    if (wanted == intent::commit) wanted = intent::none;
  }
  const bool closes = wanted == intent::commit || wanted == intent::publish;
  return closes || feed_->holds(rows.epoch) ? wanted : replica_->closing();
}

void worker_state::act(intent what) {
  switch (what) {
    case intent::none:
      return schedule();
    case intent::fetch:
      return fetch_center();
    default:
      return close_window(what);
  }
}

void worker_state::fetch_center() {
  mode_ = mode::answering;
  puller_.pull(
      self_, *plan_, home_, {first_slice_, number_},
      [this](std::size_t slice, std::uint64_t version, span<const float> values) {
        replica_->fetched(first_slice_ + slice, values);
        base_version_[slice] = version;
        bytes_received_ += values.size() * sizeof(float);
      },
      [this] { go_on(); }, [this](const std::string& why) { fail(why); });
}

/// Rounds that were closed without this worker: what it was to train in them goes back.
void worker_state::yield_rounds() {
  for (const auto& [id, rest] : feed_->skip_until(round_)) {
    if (rest.size() > 0) yield(id, rest);
  }
  fetch_more();
}

/// After an exchange, or when a lease was taken away.
void worker_state::go_on() {
  mode_ = mode::training;
  if (pending_ != intent::none) return close_window(std::exchange(pending_, intent::none));
  if (!finishing_.empty()) return wind_up();
  const auto& window = replica_->window();
  const bool open = window.facts.mini_batches > 0 && !plan_->in_rounds();
  if (open && !feed_->holds(window.epoch)) return act(replica_->closing());
  schedule();
}

/// Ends once the window and, in rounds, every part it was given are answered.
void worker_state::wind_up() {
  if (plan_->in_rounds() && !feed_->empty()) return schedule();
  if (replica_->window().facts.mini_batches > 0) return close_window(replica_->closing());
  if (exchanging_) {
    mode_ = mode::answering;
    return;
  }
  mode_ = mode::stopped;
  for (auto& promise : finishing_) promise.deliver(finished_atom::value);
}

void worker_state::diverge(std::int64_t slice, const std::string& reason) {
  mode_ = mode::stopped;
  wire_builder<schema::Diverged> message;
  message->setWorker(number_);
  message->setIncarnation(incarnation_);
  message->setEpoch(last_epoch_);
  message->setPosition(last_batch_.first);
  message->setMiniBatch(replica_->mini_batches());
  message->setSlice(slice);
  message->setReason(reason);
  self_->send(supervisor_, std::move(message).finish());
  for (auto& promise : finishing_) promise.deliver(finished_atom::value);
}

caf::result<finished_atom> worker_state::finish() {
  if (feed_) feed_->clear();
  if (mode_ == mode::joining || mode_ == mode::stopped) {
    mode_ = mode::stopped;
    return finished_atom::value;
  }
  auto promise = self_->make_response_promise<finished_atom>();
  finishing_.push_back(promise);
  if (mode_ == mode::training) wind_up();
  return promise;
}

worker_actor::behavior_type worker(worker_state::pointer self, std::shared_ptr<const run_plan> plan,
                                   std::uint32_t number, std::uint32_t incarnation) {
  self->state.begin(std::move(plan), number, incarnation);
  self->set_down_handler([=](const caf::down_msg& message) { self->state.down(message); });
  fail_on_exception(self, fmt::format("worker {}", number));
  return {
      [=](const route_msg& route, const leader_actor& supervisor,
          const std::vector<parameter_server_actor>& servers,
          const std::vector<data_shard_actor>& shards) {
        self->state.join(route, supervisor, servers, shards);
      },
      [=](const assign_msg& message) { self->state.assign(*message); },
      [=](const revoke_msg& message) { self->state.revoke(*message); },
      [=](const verdict_msg& verdict, const center_msg& center) {
        self->state.answered_later(*verdict, center);
      },
      [=](step_atom) { self->state.step(); },
      [=](server_atom, const caf::actor_addr& server) { self->state.still_gone(server); },
      [=](caf::tick_atom) { self->state.look_at_clock(); },
      [=](finish_atom) { return self->state.finish(); },
  };
}

}  // namespace troupe
