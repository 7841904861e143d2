#include "troupe/actors/worker.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>

#include "troupe/actors/configure.hpp"

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

}  // namespace

void worker_state::begin(std::shared_ptr<const run_plan> plan, std::uint32_t number) {
  plan_ = std::move(plan);
  number_ = number;
  who_ = fmt::format("worker {}", number);
}

void worker_state::fail(const std::string& why) { self_->quit(actor_failure(who_, why)); }

void worker_state::fail(const std::string& doing, const caf::error& problem) {
  fail(doing + ": " + text_of(problem, self_->system().config()));
}

void worker_state::join(const route_msg& route, const supervisor_actor& supervisor,
                        const std::vector<parameter_server_actor>& servers,
                        const std::vector<data_shard_actor>& shards) {
  const auto message = *route;
  home_ = homes_of(message, *plan_, servers);
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
  replica_ = std::make_unique<replica>(plan_);
  std::vector<std::uint64_t> shard_first;
  for (const std::uint64_t first : firsts) shard_first.push_back(first);
  feed_ = std::make_unique<row_feed>(plan_, std::move(shard_first));
  sent_.resize(home_.size());
  base_version_.assign(home_.size(), 0);
  puller_.pull(
      self_, *plan_, home_,
      [this](std::size_t slice, std::uint64_t version, span<const float> values) {
        replica_->install(slice, values);
        base_version_[slice] = version;
      },
      [this] { joined(); }, [this](const std::string& why) { fail(why); });
}

void worker_state::joined() {
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
  if (message.getEpoch() >= plan_->of.training.epochs || range.first >= range.last ||
      range.last > plan_->rows_per_epoch) {
    return fail("a lease lies outside the run");
  }
  feed_->assign({message.getLease(), number_, message.getEpoch(), range});
  fetch_more();
}

void worker_state::fetch_more() {
  while (const auto wanted = feed_->next_request()) {
    wire_builder<schema::Fetch> fetch;
    fetch->setRun(plan_->run);
    fetch->setEpoch(wanted->epoch);
    fetch->setFirst(wanted->range.first);
    fetch->setLast(wanted->range.last);
    const auto message = std::move(fetch).finish();
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      self_->request(shards_[shard], answer_timeout, message)
          .then(
              [this, shard](const rows_msg& rows) {
                // Rows asked for before `finish` come too late to matter.
                if (!feed_->arrived(shard, rows) && finishing_.empty() &&
                    mode_ != mode::stopped) {
                  return fail(fmt::format("data shard {} sent rows nobody asked for", shard));
                }
                schedule();
              },
              [this](const caf::error& problem) { fail("fetching rows", problem); });
    }
  }
}

void worker_state::schedule() {
  if (step_sent_ || mode_ != mode::training || !feed_->ready()) return;
  step_sent_ = true;
  self_->send(self_, step_atom::value);
}

void worker_state::step() {
  step_sent_ = false;
  if (mode_ != mode::training || !feed_->ready()) return;
  if (replica_->window().facts.mini_batches == 0) window_start_ = clock::now();
  const mini_batch rows = feed_->take();
  last_batch_ = rows.range;
  last_epoch_ = rows.epoch;
  fetch_more();
  intent next = replica_->step(rows);
  if (!replica_->finite()) return diverge(-1, "the loss is not finite");
  if (next == intent::none && !feed_->holds(rows.epoch)) next = replica_->closing();
  if (next == intent::none) return schedule();
  close_window(next);
}

void worker_state::close_window(intent how) {
  mode_ = mode::answering;
  publishing_ = how == intent::publish;
  ++sequence_;
  next_slice_ = unanswered_ = 0;
  staleness_ = bytes_sent_ = bytes_received_ = 0;
  repeats_ = 0;
  send_more();
}

void worker_state::send_more() {
  const window_facts& facts = replica_->window().facts;
  for (; next_slice_ < home_.size() && unanswered_ < slice_credit; ++next_slice_, ++unanswered_) {
    const auto slice = static_cast<std::uint32_t>(next_slice_);
    wire_builder<schema::Commit> commit;
    commit->setRun(plan_->run);
    commit->setSlice(slice);
    commit->setWorker(number_);
    commit->setIncarnation(incarnation_);
    commit->setSequence(sequence_);
    commit->setBaseVersion(base_version_[slice]);
    commit->setMiniBatches(facts.mini_batches);
    commit->setRows(facts.rows);
    replica_->write(slice,
                    commit.floats(plan_->range_of(slice).count,
                                  [&](auto&& data) { commit->adoptPayload(kj::mv(data)); }));
    sent_[slice] = std::move(commit).finish();
    if (!publishing_) bytes_sent_ += plan_->range_of(slice).count * sizeof(float);
    self_->request(home_[slice], answer_timeout, sent_[slice])
        .then(
            [this, slice](const verdict_msg& verdict, const center_msg& center) {
              answered(slice, *verdict, center);
            },
            [this](const caf::error& problem) { fail("committing", problem); });
  }
  if (unanswered_ == 0) window_done();
}

void worker_state::answered(std::uint32_t slice, const schema::Verdict::Reader& verdict,
                            const center_msg& center) {
  using kind = schema::Verdict::Kind;
  if (mode_ != mode::answering) return;
  if (verdict.getKind() == kind::REFUSED && verdict.getNotFinite()) {
    return diverge(slice, verdict.getReason().cStr());
  }
  if (verdict.getKind() != kind::APPLIED && verdict.getKind() != kind::REPEAT) {
    return fail(fmt::format("slice {}: the commit was {}", slice,
                            verdict.getKind() == kind::FENCED
                                ? std::string("fenced")
                                : std::string("refused: ") + verdict.getReason().cStr()));
  }
  const bool repeat = verdict.getKind() == kind::REPEAT;
  const auto values = floats_of((*center).getPayload());
  if (values.size() != plan_->range_of(slice).count) {
    return fail(fmt::format("the answer for slice {} has another length", slice));
  }
  if (publishing_ && plan_->is_statistics(slice)) {
    // The next window moves on from what the server made of this one.
    replica_->install(slice, values);
  }
  if (!publishing_) {
    replica_->answered(slice, repeat, floats_of((*sent_[slice]).getPayload()), values);
    bytes_received_ += values.size() * sizeof(float);
    if (repeat) ++repeats_;
    if (!plan_->is_statistics(slice)) staleness_ += verdict.getStaleness();
  }
  // The centre from before the commit is one version older than where this worker stands.
  const bool before = plan_->protocol.answers_before && !plan_->is_statistics(slice) && !repeat;
  base_version_[slice] = (*center).getVersion() + (before ? 1 : 0);
  sent_[slice] = {};
  --unanswered_;
  send_more();
}

void worker_state::window_done() {
  const auto& window = replica_->window();
  wire_builder<schema::Progress> progress;
  progress->setWorker(number_);
  progress->setIncarnation(incarnation_);
  progress->setSequence(sequence_);
  progress->setEpoch(window.epoch);
  auto ranges = progress->initRanges(static_cast<unsigned>(window.ranges.size()));
  for (unsigned i = 0; i < ranges.size(); ++i) {
    ranges[i].setFirst(window.ranges[i].first);
    ranges[i].setLast(window.ranges[i].last);
  }
  progress->setRows(window.facts.rows);
  progress->setMiniBatches(window.facts.mini_batches);
  progress->setCommitted(!publishing_);
  progress->setLossSum(window.loss_sum);
  progress->setCorrect(window.correct);
  progress->setSeconds(std::chrono::duration<double>(clock::now() - window_start_).count());
  progress->setStaleness(static_cast<double>(staleness_) /
                         static_cast<double>(std::max<std::size_t>(plan_->slices.size(), 1)));
  progress->setRepeats(repeats_);
  progress->setBytesSent(bytes_sent_);
  progress->setBytesReceived(bytes_received_);
  self_->send(supervisor_, std::move(progress).finish());
  replica_->new_window();
  mode_ = finishing_.empty() ? mode::training : mode::stopped;
  for (auto& promise : finishing_) promise.deliver(finished_atom::value);
  schedule();
}

void worker_state::diverge(std::int64_t slice, const std::string& reason) {
  mode_ = mode::stopped;
  wire_builder<schema::Diverged> message;
  message->setWorker(number_);
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
  if (mode_ == mode::training) {
    if (replica_->window().facts.mini_batches > 0) {
      close_window(replica_->closing());
    } else {
      mode_ = mode::stopped;
      promise.deliver(finished_atom::value);
    }
  }
  return promise;
}

worker_actor::behavior_type worker(worker_state::pointer self,
                                   std::shared_ptr<const run_plan> plan, std::uint32_t number) {
  self->state.begin(std::move(plan), number);
  fail_on_exception(self, fmt::format("worker {}", number));
  return {
      [=](const route_msg& route, const supervisor_actor& supervisor,
          const std::vector<parameter_server_actor>& servers,
          const std::vector<data_shard_actor>& shards) {
        self->state.join(route, supervisor, servers, shards);
      },
      [=](const assign_msg& message) { self->state.assign(*message); },
      [=](step_atom) { self->state.step(); },
      [=](finish_atom) { return self->state.finish(); },
  };
}

}  // namespace troupe
