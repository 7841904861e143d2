#include "troupe/actors/center_slice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/base/error.hpp"
#include "troupe/optimizers/slices.hpp"

namespace troupe {

using kind = schema::Verdict::Kind;

namespace {

verdict_msg make_verdict(const schema::Commit::Reader& c, kind what, std::uint64_t staleness = 0,
                         std::uint64_t clock = 0) {
  wire_builder<schema::Verdict> out;
  out->setSlice(c.getSlice());
  out->setSequence(c.getSequence());
  out->setKind(what);
  out->setStaleness(staleness);
  out->setClock(clock);
  return std::move(out).finish();
}

struct center_builder {
  center_builder(std::uint32_t slice, std::uint64_t version, std::size_t count) {
    message->setSlice(slice);
    message->setVersion(version);
    values = message.floats(count, [&](auto&& data) { message->adoptPayload(kj::mv(data)); });
  }
  wire_builder<schema::Center> message;
  span<float> values;
};

span<const float> numbers_of(const center_msg& center) {
  return floats_of((*center).getPayload());
}

}  // namespace

verdict_msg make_refusal(std::uint32_t slice, std::uint64_t sequence, const std::string& reason,
                         bool not_finite) {
  wire_builder<schema::Verdict> out;
  out->setSlice(slice);
  out->setSequence(sequence);
  out->setKind(kind::REFUSED);
  out->setReason(reason);
  out->setNotFinite(not_finite);
  return std::move(out).finish();
}

center_slice::center_slice(std::shared_ptr<const run_plan> plan, std::shared_ptr<codecs> with,
                           std::uint32_t number, std::uint64_t version, double rate, bool decides)
    : plan_(std::move(plan)),
      codecs_(std::move(with)),
      range_(plan_->range_of(number)),
      statistics_(plan_->is_statistics(number)),
      answers_before_(plan_->protocol.answers_before && !statistics_),
      keeps_base_(plan_->protocol.keeps_base && !statistics_),
      decides_(decides),
      rate_(rate),
      half_(statistics_ ? make_statistics_server(plan_->model.statistics_decay)
                        : plan_->protocol.make_server(plan_->setup_at(rate), range_)),
      gate_(plan_->consistency.make(plan_->of.optimizer.consistency.options, decides)),
      version_(version) {}

void center_slice::fill(capnp::Data::Reader payload, capnp::Data::Reader state,
                        std::uint64_t steps) {
  if (payload.size() != range_.count * sizeof(float)) {
    throw run_error("install", fmt::format("slice {} has {} numbers, not {} bytes", range_.index,
                                           range_.count, payload.size()));
  }
  const auto values = floats_of(payload);
  center_builder first(range_.index, version_, values.size());
  copy(values, first.values.data());
  now_ = std::make_shared<snapshot>();
  now_->exact = std::move(first.message).finish();
  if (state.size() == 0) return;
  const span<float> to = half_->state();
  if (state.size() != to.size() * sizeof(float)) {
    throw run_error("install", fmt::format("slice {} has a state of {} numbers, not {} bytes",
                                           range_.index, to.size(), state.size()));
  }
  const auto remembered = floats_of(state);
  copy(remembered, to.data());
  half_->set_steps(steps);
}

center_slice::answers center_slice::refuse(const schema::Commit::Reader& c,
                                           const std::string& reason, bool not_finite) const {
  return {{c.getWorker(), make_refusal(c.getSlice(), c.getSequence(), reason, not_finite), {}}};
}

center_slice::answers center_slice::commit(const commit_msg& message) {
  const auto c = *message;
  if (c.getBaseVersion() > version_) {
    return refuse(c, fmt::format("it starts from version {}, the slice is at {}",
                                 c.getBaseVersion(), version_));
  }
  known_worker& from = workers_[c.getWorker()];
  if (c.getIncarnation() < from.incarnation) {
    return {{c.getWorker(), make_verdict(c, kind::FENCED), {}}};
  }
  if (c.getIncarnation() > from.incarnation) {
    std::vector<center_msg> given = std::move(from.given);  // it pulled before it could commit
    from = {};
    from.given = std::move(given);
    from.incarnation = c.getIncarnation();
  }
  if (!from.waiting.empty() && (*from.waiting).getSequence() == c.getSequence()) {
    return {{c.getWorker(), make_verdict(c, kind::HELD), {}}};
  }
  if (c.getSequence() == from.sequence && from.answered != from.sequence) {
    return again(c.getWorker(), message);
  }
  if (c.getSequence() <= from.sequence) {
    gives(from);
    return {{c.getWorker(), make_verdict(c, kind::REPEAT), encoded(*now_)}};
  }
  if (!from.waiting.empty()) return refuse(c, "an earlier commit of this worker waits");
  constexpr std::uint64_t views_ahead = 1024;
  if (plan_->has_members() && c.getView() > view_ + views_ahead) {
    return refuse(
        c, fmt::format("it was given under view {}, the slice knows {}", c.getView(), view_));
  }

  from.waiting = message;
  from.applied = from.repeated = false;
  from.early = plan_->has_members() && c.getView() > view_;
  if (from.early) {
    early_.push_back(c.getWorker());
    return {{c.getWorker(), make_verdict(c, kind::HELD), {}}};
  }
  return accept(c.getWorker());
}

center_slice::answers center_slice::accept(std::uint32_t worker) {
  known_worker& from = workers_[worker];
  const commit_msg message = from.waiting;
  const std::string problem =
      codecs_->commits.read(*message, plan_->in_rounds() ? from.decoded : scratch_, from.payload);
  if (!problem.empty()) {
    from.waiting = {};
    return refuse(*message, problem);
  }
  answers out;
  follow(gate_->commit(worker, (*message).getClock()), worker, out);
  return with_last(std::move(out), message);
}

/// Applied by the one before: it is not applied again, but whether its worker may go on is another
/// question.
center_slice::answers center_slice::again(std::uint32_t worker, const commit_msg& message) {
  known_worker& from = workers_[worker];
  from.waiting = message;
  from.applied = from.repeated = true;
  from.early = false;
  answers out;
  follow(gate_->again(worker, (*message).getClock()), worker, out);
  return with_last(std::move(out), message);
}

/// The answer to this commit last; `held` if there is none.
center_slice::answers center_slice::with_last(answers out, const commit_msg& message) {
  const auto c = *message;
  const auto mine = std::find_if(out.begin(), out.end(),
                                 [&](const answer& a) { return a.worker == c.getWorker(); });
  if (mine == out.end()) {
    out.push_back({c.getWorker(), make_verdict(c, kind::HELD), {}});
  } else {
    std::rotate(mine, mine + 1, out.end());
  }
  return out;
}

void center_slice::follow(const consistency::steps& steps, std::uint32_t arrived, answers& out) {
  using step = consistency::step::kind;
  for (const consistency::step& s : steps) {
    switch (s.what) {
      case step::apply:
        apply(arrived, out);
        break;
      case step::round:
        apply_round(s.workers, s.clock, out);
        break;
      case step::release:
        for (const std::uint32_t worker : s.workers) release(worker, out);
        break;
      case step::drop:
        for (const std::uint32_t worker : s.workers) drop(worker, out);
        break;
    }
  }
}

// Commits of others since the version the worker started from; its own do not age it.
std::uint64_t center_slice::staleness_of(known_worker& from,
                                         const schema::Commit::Reader& c) const {
  constexpr std::size_t kept = 4;  // a window begun before an answer arrived has an older base
  const std::uint64_t base = c.getBaseVersion();
  std::vector<std::uint64_t>& own = from.own;
  const auto later = std::upper_bound(own.begin(), own.end(), base);
  const auto mine = static_cast<std::uint64_t>(own.end() - later);
  const auto recent = own.end() - static_cast<std::ptrdiff_t>(std::min(kept, own.size()));
  const auto old = std::min(later, recent);
  own.erase(own.begin(), old);
  return version_ - base - mine;
}

/// The worker is given the centre of now. With overlap its next window started from the one before.
void center_slice::gives(known_worker& to) const {
  if (!keeps_base_) return;
  if (to.given.size() > (plan_->setup.overlap ? 1u : 0u)) to.given.erase(to.given.begin());
  to.given.push_back(now_->exact);
}

commit_view center_slice::view_of(const known_worker& from) const {
  const auto c = *from.waiting;
  commit_view view;
  view.payload = from.payload;
  view.worker = c.getWorker();
  view.mini_batches = c.getMiniBatches();
  view.rows = c.getRows();
  view.fraction = plan_->fraction(plan_->group_of(c.getWorker()), c.getEpoch(), c.getFirst());
  for (const center_msg& given : from.given) {
    if ((*given).getVersion() == c.getBaseVersion()) view.base = numbers_of(given);
  }
  return view;
}

void center_slice::advance(center_msg next) {
  if (plan_->in_rounds()) previous_ = now_;
  now_ = std::make_shared<snapshot>();
  now_->exact = std::move(next);
  ++version_;
}

void center_slice::applied(std::uint32_t worker, std::uint64_t staleness,
                           const shared_snapshot& met) {
  known_worker& from = workers_[worker];
  from.applied = true;
  from.staleness = staleness;
  const auto c = *from.waiting;
  from.sequence = c.getSequence();
  if (from.last.size() == 2) from.last.erase(from.last.begin());
  from.last.push_back({c.getSequence(), c.getRows(), c.getMiniBatches()});
  if (answers_before_) from.before = met;
}

void center_slice::apply(std::uint32_t worker, answers& out) {
  known_worker& from = workers_[worker];
  const auto c = *from.waiting;
  commit_view view = view_of(from);
  view.staleness = staleness_of(from, c);
  center_builder next(range_.index, version_ + 1, range_.count);
  if (!half_->apply(view, numbers_of(now_->exact), next.values)) {
    out.push_back(refuse(c, "it holds a number that is not finite", true).front());
    from.waiting = {};
    return;
  }
  const shared_snapshot met = now_;
  advance(std::move(next.message).finish());
  from.own.push_back(version_);
  applied(worker, view.staleness, met);
}

void center_slice::apply_round(std::vector<std::uint32_t> workers, std::uint64_t clock,
                               answers& out) {
  if (decides_) {
    closed_.emplace_back(clock, workers);
    recent_.emplace_back(clock, workers);
    if (recent_.size() > most_recent) recent_.erase(recent_.begin());
  }
  // A worker that has come back since as a new incarnation brought no commit to this round.
  workers.erase(std::remove_if(workers.begin(), workers.end(),
                               [&](std::uint32_t w) { return !waits(workers_[w]); }),
                workers.end());
  std::vector<commit_view> commits;
  for (const std::uint32_t worker : workers) commits.push_back(view_of(workers_[worker]));
  center_builder next(range_.index, version_ + 1, range_.count);
  std::size_t culprit = 0;
  while (!half_->apply_round(commits, numbers_of(now_->exact), next.values, culprit)) {
    known_worker& from = workers_[workers[culprit]];
    out.push_back(refuse(*from.waiting, "it holds a number that is not finite", true).front());
    from.waiting = {};
    workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(culprit));
    commits.erase(commits.begin() + static_cast<std::ptrdiff_t>(culprit));
  }
  const shared_snapshot met = now_;
  advance(std::move(next.message).finish());
  for (const std::uint32_t worker : workers) applied(worker, 0, met);
  for (const std::uint32_t worker : workers) release(worker, out);
}

const center_msg& center_slice::encoded(snapshot& of) {
  if (statistics_) return of.exact;
  if (of.encoded.empty()) of.encoded = codecs_->answers.encoded(of.exact);
  return of.encoded;
}

void center_slice::release(std::uint32_t worker, answers& out) {
  known_worker& from = workers_[worker];
  if (!waits(from) || !from.applied) return;
  const auto c = *from.waiting;
  from.answered = c.getSequence();
  if (from.repeated) {
    // The centre that met it may be gone.
    gives(from);
    out.push_back({worker, make_verdict(c, kind::REPEAT), encoded(*now_)});
    from.waiting = {};
    return;
  }
  answer a{worker, make_verdict(c, kind::APPLIED, from.staleness), {}};
  if (!c.getKeeps()) a.center = encoded(answers_before_ ? *from.before : *now_);
  if (!c.getKeeps()) gives(from);
  out.push_back(std::move(a));
  from.waiting = {};
  from.before.reset();
}

void center_slice::drop(std::uint32_t worker, answers& out) {
  known_worker& from = workers_[worker];
  if (!waits(from)) return;
  const auto c = *from.waiting;
  out.push_back({worker, make_verdict(c, kind::DROPPED, 0, gate_->clock()), encoded(*now_)});
  gives(from);
  from.waiting = {};
}

center_slice::answers center_slice::join(const membership& now) {
  answers out;
  if (now.number <= view_) return out;
  view_ = now.number;
  members_ = !now.members.empty();
  follow(gate_->join(now), 0, out);
  std::vector<std::uint32_t> still;
  for (const std::uint32_t worker : std::exchange(early_, {})) {
    known_worker& from = workers_[worker];
    // It may stand here twice, once for each incarnation.
    if (!from.early || from.waiting.empty()) continue;
    if ((*from.waiting).getView() > view_) {
      still.push_back(worker);
      continue;
    }
    from.early = false;
    for (answer& a : accept(worker)) {
      // Whoever is held knows it already.
      if ((*a.verdict).getKind() != kind::HELD) out.push_back(std::move(a));
    }
  }
  early_ = std::move(still);
  return out;
}

center_slice::answers center_slice::close(std::uint64_t clock,
                                          const std::vector<std::uint32_t>& accepted) {
  answers out;
  follow(gate_->close(clock, accepted), 0, out);
  return out;
}

std::vector<center_slice::taken> center_slice::fence(std::uint32_t worker,
                                                     std::uint32_t incarnation) {
  known_worker& from = workers_[worker];
  if (from.incarnation == incarnation + 1) return from.fenced;
  if (from.incarnation > incarnation) return {};
  std::vector<taken> last;
  if (from.incarnation == incarnation) last = std::move(from.last);
  // The consistency has let go of what waits: its view came before.
  from = {};
  from.incarnation = incarnation + 1;
  from.fenced = last;
  return last;
}

center_slice::rounds center_slice::take_closed() {
  return std::exchange(closed_, {});
}

center_msg center_slice::pull(std::uint32_t worker, std::uint64_t version) {
  // Without members no round is to come: the one asked for was another slice's last.
  // Slices are never more than a few rounds apart.
  constexpr std::uint64_t rounds_apart = 64;
  if (version > version_ && version - version_ <= rounds_apart && plan_->in_rounds() && members_) {
    return {};
  }
  if (keeps_base_ && worker != schema::Pull::NOBODY) gives(workers_[worker]);
  const bool last = version != 0 && previous_ && (*previous_->exact).getVersion() == version;
  return last ? previous_->exact : now_->exact;
}

}  // namespace troupe
