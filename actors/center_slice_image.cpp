// What there is of a slice beside its numbers, in messages: how it begins, and how it is kept.

#include <algorithm>

#include "troupe/actors/center_slice.hpp"
#include "troupe/base/error.hpp"

namespace troupe {

namespace {

template <class T>
std::vector<T> values_of(typename capnp::List<T>::Reader list) {
  std::vector<T> out;
  for (const T value : list) out.push_back(value);
  return out;
}

template <class T>
void write(const std::vector<T>& from, typename capnp::List<T>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, from[i]);
}

unsigned count(const std::size_t size) {
  return static_cast<unsigned>(size);
}

std::vector<center_slice::taken> windows_of(capnp::List<schema::TakenWindow>::Reader list) {
  std::vector<center_slice::taken> out;
  for (const auto w : list) out.push_back({w.getSequence(), w.getRows(), w.getMiniBatches()});
  return out;
}

}  // namespace

center_slice::center_slice(std::shared_ptr<const run_plan> plan, std::shared_ptr<codecs> with,
                           const schema::Install::Reader& from, bool decides)
    : center_slice(std::move(plan), std::move(with), from.getSlice(), from.getVersion(),
                   from.getRate(), decides) {
  fill(from.getPayload(), from.getState(), from.getSteps());
  if (from.getIncarnations().size() > plan_->most_workers()) {
    throw run_error("install", "it names workers that are not there");
  }
  std::uint32_t worker = 0;
  for (const std::uint32_t incarnation : from.getIncarnations()) {
    workers_[worker++].incarnation = incarnation;
  }
}

center_slice::center_slice(std::shared_ptr<const run_plan> plan, std::shared_ptr<codecs> with,
                           const schema::Image::Reader& from, const membership& now, bool decides)
    : center_slice(std::move(plan), std::move(with), from.getSlice(), from.getVersion(),
                   from.getRate(), decides) {
  fill(from.getPayload(), from.getState(), from.getSteps());
  consistency::memory remembered;
  remembered.clock = from.getClock();
  for (const auto w : from.getWorkers()) {
    if (w.getWorker() >= plan_->most_workers()) {
      throw run_error("image", "it names workers that are not there");
    }
    known_worker& known = workers_[w.getWorker()];
    known.incarnation = w.getIncarnation();
    known.sequence = w.getSequence();
    known.last = windows_of(w.getWindows());
    known.fenced = windows_of(w.getFenced());
    known.own = values_of<std::uint64_t>(w.getOwn());
    if (w.getClock() > 0) remembered.clocks[w.getWorker()] = w.getClock();
  }
  for (const auto round : from.getClosed()) {
    auto accepted = values_of<std::uint32_t>(round.getAccepted());
    if (decides) {
      recent_.emplace_back(round.getClock(), std::move(accepted));
    } else {
      remembered.closed[round.getClock()] = std::move(accepted);
    }
  }
  gate_->recall(remembered);
  join(now);
}

image_msg center_slice::image(std::uint64_t clock, std::uint64_t term) const {
  if (plan_->in_rounds() && gate_->clock() < clock) return {};
  const consistency::memory remembered = gate_->remember();
  wire_builder<schema::Image> out;
  out->setRun(plan_->run);
  out->setSlice(range_.index);
  out->setTerm(term);
  out->setVersion(version_);
  out->setRate(rate_);
  out->setClock(remembered.clock);
  const auto center = floats_of((*now_->exact).getPayload());
  const auto to = out.floats(center.size(), [&](auto&& d) { out->adoptPayload(kj::mv(d)); });
  copy(center, to.data());
  const span<const float> state = half_->state();
  if (!state.empty()) {
    const auto kept = out.floats(state.size(), [&](auto&& d) { out->adoptState(kj::mv(d)); });
    copy(state, kept.data());
  }
  out->setSteps(half_->steps());
  auto workers = out->initWorkers(count(workers_.size()));
  unsigned i = 0;
  for (const auto& [number, known] : workers_) {
    auto w = workers[i++];
    w.setWorker(number);
    w.setIncarnation(known.incarnation);
    w.setSequence(known.sequence);
    tell(known.last, w.initWindows(count(known.last.size())));
    tell(known.fenced, w.initFenced(count(known.fenced.size())));
    write(known.own, w.initOwn(count(known.own.size())));
    const auto committed = remembered.clocks.find(number);
    if (committed != remembered.clocks.end()) w.setClock(committed->second);
  }
  const rounds closed =
      decides_ ? recent_ : rounds(remembered.closed.begin(), remembered.closed.end());
  auto list = out->initClosed(count(closed.size()));
  for (i = 0; i < closed.size(); ++i) {
    list[i].setClock(closed[i].first);
    write(closed[i].second, list[i].initAccepted(count(closed[i].second.size())));
  }
  return std::move(out).finish();
}

void center_slice::tell(const std::vector<taken>& windows,
                        capnp::List<schema::TakenWindow>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setSequence(windows[i].sequence);
    to[i].setRows(windows[i].rows);
    to[i].setMiniBatches(windows[i].mini_batches);
  }
}

}  // namespace troupe
