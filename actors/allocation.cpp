#include "troupe/actors/allocation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace troupe {

namespace {

/// A lease is about this many seconds of its worker's work.
constexpr double lease_seconds = 0.5;
/// Leases a worker holds at most, or rounds given out ahead: one is trained while the rows of the
/// other travel.
constexpr std::size_t leases_held = 2;
/// What is known after the first round holds what happens once (rebalancer::speed); shares of the
/// third are the first good ones.
constexpr std::uint64_t rounds_to_learn = 3;

}  // namespace

allocation::allocation(std::shared_ptr<const run_plan> plan, std::uint32_t workers,
                       std::uint64_t view)
    : plan_(std::move(plan)),
      pace_(workers),
      joined_(workers, false),
      suspected_(workers, false),
      clocks_(workers, 0),
      given_(workers, 0),
      spared_(workers, 0) {
  view_.number = view;
  for (std::uint32_t group = 0; group < plan_->groups; ++group) {
    ledger::extent extent;
    extent.rows_per_epoch = plan_->group_rows(group);
    extent.epochs = plan_->of.training.epochs;
    extent.batch_rows = plan_->of.training.batch_size;
    const std::uint32_t window = plan_->protocol.commit_window && !plan_->in_rounds()
                                     ? plan_->protocol.commit_window(plan_->setup)
                                     : plan_->setup.window;
    extent.window_rows = std::uint64_t{window} * extent.batch_rows;
    extent.workers = (workers + plan_->groups - 1) / plan_->groups;
    extent.shared = plan_->of.supervisor.rebalance || plan_->in_rounds();
    window_rows_ = extent.window_rows;
    books_.emplace_back(extent);
  }
}

void allocation::joined(std::uint32_t worker) {
  if (joined_[worker]) return;
  joined_[worker] = true;
  hungry_.insert(worker);
  ++joined_count_;
  if (plan_->has_members()) enter(worker);
}

void allocation::extend() {
  pace_.extend();
  for (auto* list : {&joined_, &suspected_}) list->push_back(false);
  for (auto* list : {&clocks_, &given_, &spared_}) list->push_back(0);
  books_[0].extend();
}

void allocation::left(std::uint32_t worker) {
  if (!joined_[worker]) return;
  joined_[worker] = false;
  if (suspected_[worker]) suspect(worker, false);
  --joined_count_;
  for (auto* set : {&hungry_, &idle_, &declined_, &revoking_}) set->erase(worker);
  pace_.forget(worker);
  leave(worker);
}

void allocation::suspect(std::uint32_t worker, bool silent) {
  if (suspected_[worker] == silent) return;
  suspected_[worker] = silent;
  suspects_ += silent ? 1 : -1;
  if (!silent) {
    hungry_.insert(worker);
  } else if (moves_tails()) {
    request_rest(worker, of_silent_);
    request_rest(worker, of_silent_);
  }
}

/// Even those who found nothing before may find something now: those who hold nothing, that is;
/// the others look again with their next report.
void allocation::rows_came_back() {
  hungry_.insert(idle_.begin(), idle_.end());
  reconsider();
}

void allocation::reconsider() {
  hungry_.insert(declined_.begin(), declined_.end());
  declined_.clear();
}

void allocation::give_up(std::uint32_t worker, std::uint64_t trained) {
  book_of(worker).give_up(local(worker), trained);
  rows_came_back();
  if (plan_->in_rounds()) end_orphaned_rounds();
}

/// Rounds whose every part was a lost worker's are nobody's: nobody will report them. Those who had
/// no part in them are not waited for there.
void allocation::end_orphaned_rounds() {
  bool expected = false;
  for (membership::member& m : view_.members) {
    if (given_[m.worker] > clocks_[m.worker]) {
      expected = true;
    } else if (clocks_[m.worker] < planned_) {
      clocks_[m.worker] = m.from_clock = planned_;
      view_changed_ = true;
    }
  }
  if (view_changed_) ++view_.number;
  if (!expected) completed_ = planned_;
}

bool allocation::is_member(std::uint32_t worker) const {
  return std::any_of(view_.members.begin(), view_.members.end(),
                     [&](const membership::member& m) { return m.worker == worker; });
}

std::uint64_t allocation::slowest() const {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const membership::member& m : view_.members) least = std::min(least, clocks_[m.worker]);
  return view_.members.empty() ? 0 : least;
}

void allocation::enter(std::uint32_t worker) {
  if (is_member(worker)) return;
  // Those who come later begin with the slowest, whom the others wait for anyway.
  clocks_[worker] = std::max(clocks_[worker], plan_->in_rounds() ? planned_ : slowest());
  const membership::member m{worker, clocks_[worker]};
  const auto at = std::find_if(view_.members.begin(), view_.members.end(),
                               [&](const membership::member& o) { return o.worker > worker; });
  view_.members.insert(at, m);
  ++view_.number;
  view_changed_ = true;
}

void allocation::leave(std::uint32_t worker) {
  if (!is_member(worker)) return;
  view_.members.erase(
      std::find_if(view_.members.begin(), view_.members.end(),
                   [&](const membership::member& m) { return m.worker == worker; }));
  ++view_.number;
  view_changed_ = true;
}

void allocation::dissolve() {
  if (view_.number == 0) return;
  view_.members.clear();
  ++view_.number;
  view_changed_ = true;
}

std::optional<membership> allocation::take_view() {
  if (!view_changed_) return std::nullopt;
  view_changed_ = false;
  return view_;
}

std::vector<allocation::granted> allocation::grant(double now) {
  std::vector<granted> out;
  reshare_if_due();
  if (plan_->in_rounds()) {
    grant_rounds(out);
    return out;
  }
  const std::set<std::uint32_t> hungry = std::exchange(hungry_, {});
  std::vector<std::uint32_t> order(hungry.begin(), hungry.end());
  // Those who stand idle come first.
  std::stable_partition(order.begin(), order.end(),
                        [this](std::uint32_t worker) { return idle_.count(worker) > 0; });
  for (const std::uint32_t worker : order) {
    if (!joined_[worker]) continue;
    if (!suspected_[worker]) grant_leases(worker, now, out);
    const bool idle = book_of(worker).held(local(worker)) == 0;
    if (idle && declined_.count(worker) == 0 && !suspected_[worker]) idle_.insert(worker);
    // Whoever has nothing to train is not waited for.
    if (plan_->has_members() && idle) leave(worker);
  }
  return out;
}

void allocation::grant_leases(std::uint32_t worker, double now, std::vector<granted>& out) {
  ledger& book = book_of(worker);
  const std::uint32_t inside = local(worker);
  bool given = false;
  while (book.held(inside) < leases_held && book.free_rows(inside) > 0) {
    if (!worth_beginning(worker)) {
      declined_.insert(worker);
      break;
    }
    const auto free = static_cast<double>(book.free_rows(inside));
    const double speed = pace_.speed(worker);
    double rows = std::min(speed * lease_seconds, free);
    if (plan_->of.supervisor.rebalance) {
      // Towards the end of an epoch leases shrink, so that all workers end it together.
      rows =
          std::min(rows, std::max(free / (2.0 * joined_count_), speed * rebalancer::least_lease));
    }
    const std::uint64_t window = window_of(worker);
    // Where others wait for this one, its windows may soon be shorter.
    if (!sharing_.empty()) rows = static_cast<double>(window);
    auto next = book.grant(inside, static_cast<std::uint64_t>(rows), window);
    if (!next) break;
    next->worker = worker;
    if (plan_->has_members()) {
      enter(worker);
      next->clock = clocks_[worker];
    }
    out.emplace_back(*next, shares_.empty() ? 0 : window);
    given = true;
  }
  if (!given) return;
  idle_.erase(worker);
  settled(worker, false, now);
}

/// What a worker holds has changed.
void allocation::settled(std::uint32_t worker, bool fresh, double now) {
  pace_.holds(worker, rows_leased(worker), fresh, now);
  if (book_of(worker).revoked(local(worker)) == 0) {
    revoking_.erase(worker);
  } else {
    pace_.spare(worker);
  }
}

/// With backup workers a round of few mini-batches could be closed by those who have none of them,
/// again and again. It is given to as many as are waited for: then nobody's commit is dropped.
void allocation::spare_idle(std::vector<std::uint32_t>& members, std::uint64_t round) {
  const std::uint64_t backups = plan_->backup_workers(), count = view_.members.size();
  const std::uint64_t enough = count > backups ? count - backups : 1;
  const std::uint64_t batch = plan_->of.training.batch_size;
  const std::uint64_t batches = (books_[0].round_rows() + batch - 1) / batch;
  if (batches == 0 || batches + enough > members.size()) return;
  // Those who are furthest on: the others would be waited for longer.
  std::stable_sort(members.begin(), members.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return clocks_[a] > clocks_[b]; });
  for (std::size_t i = enough; i < members.size(); ++i) spared_[members[i]] = round;
  members.resize(enough);
  std::sort(members.begin(), members.end());
}

/// Whether every member's part of the rounds given out is known to be trained.
bool allocation::all_reported() const {
  return std::all_of(view_.members.begin(), view_.members.end(), [&](const membership::member& m) {
    return clocks_[m.worker] >= given_[m.worker];
  });
}

void allocation::grant_rounds(std::vector<granted>& out) {
  // The first rounds tell how fast they are: no other is given out before all have reported.
  const bool learning = plan_->of.supervisor.rebalance && completed_ < rounds_to_learn;
  if (learning && !plan_->closes_rounds() && !all_reported()) return;
  while (!rounds_held_ && planned_ < completed_ + (learning ? 1 : leases_held)) {
    const std::uint64_t next = planned_ + 1;
    std::vector<std::uint32_t> members;
    for (const membership::member& m : view_.members) {
      // With backup workers, one that is late gets no more parts until it has caught up.
      const std::uint64_t known = std::max(clocks_[m.worker], spared_[m.worker]);
      const bool late = plan_->closes_rounds() && next > known + leases_held;
      if (!late) members.push_back(m.worker);
    }
    // Too few for the round to be closed: their reports are still on the way.
    if (members.empty() || members.size() + plan_->backup_workers() < view_.members.size()) return;
    spare_idle(members, next);
    std::vector<std::uint64_t> shares;
    if (!shares_.empty()) {
      for (const std::uint32_t worker : members) shares.push_back(window_of(worker));
    }
    const std::vector<lease> round = books_[0].grant_round(members, next, shares);
    if (round.empty()) return;
    planned_ = next;
    for (const lease& l : round) {
      given_[l.worker] = next;
      out.emplace_back(l, 0);
    }
  }
}

std::string allocation::take(const schema::Progress::Reader& progress, double now) {
  const std::uint32_t worker = progress.getWorker();
  if (worker >= joined_.size() || progress.getEpoch() >= plan_->of.training.epochs) {
    return "a report names a worker or an epoch that is not there";
  }
  ledger& book = book_of(worker);
  std::uint64_t rows = 0;
  for (const auto range : progress.getRanges()) {
    const position_range r{range.getFirst(), range.getLast()};
    rows += r.size();
    const bool fits = progress.getDropped() ? book.lost(local(worker), progress.getEpoch(), r)
                                            : book.done(local(worker), progress.getEpoch(), r);
    if (!fits) {
      return fmt::format("worker {} reports rows {} to {} of epoch {} that it was not given",
                         worker, r.first, r.last, progress.getEpoch() + 1);
    }
  }
  if (rows != progress.getRows()) {
    return fmt::format("worker {} reports {} rows but names {}", worker, progress.getRows(), rows);
  }
  if (plan_->in_rounds() && progress.getClock() > planned_) {
    return fmt::format("worker {} reports round {} of {}", worker, progress.getClock(), planned_);
  }
  pace_.trained(worker, rows, progress.getSeconds() - progress.getWaited());
  settled(worker, true, now);
  ++reports_;
  hungry_.insert(worker);
  if (progress.getDropped()) rows_came_back();
  clocks_[worker] = std::max(clocks_[worker], progress.getClock());
  if (!progress.getDropped()) completed_ = std::max(completed_, progress.getClock());
  return {};
}

std::string allocation::take(const schema::Yielded::Reader& yielded, double now) {
  const std::uint32_t worker = yielded.getWorker();
  if (worker >= joined_.size() ||
      !book_of(worker).yielded(local(worker), yielded.getLease(), yielded.getFirst())) {
    return fmt::format("worker {} gives back a lease that it does not hold", worker);
  }
  settled(worker, false, now);
  rows_came_back();
  hungry_.insert(worker);
  return {};
}

std::vector<ledger_image> allocation::image(
    const std::vector<std::uint64_t>& trained,
    const std::vector<std::vector<ledger_image::part>>& undone) const {
  std::vector<ledger_image> out;
  for (std::uint32_t group = 0; group < books_.size(); ++group) {
    std::vector<std::uint64_t> rows;
    std::vector<std::vector<ledger_image::part>> parts;
    for (std::size_t worker = group; worker < trained.size(); worker += plan_->groups) {
      rows.push_back(trained[worker]);
      parts.push_back(undone[worker]);
    }
    out.push_back(books_[group].image(rows, parts));
  }
  return out;
}

bool allocation::restore(const std::vector<ledger_image>& books) {
  if (books.size() != books_.size()) return false;
  for (std::size_t group = 0; group < books.size(); ++group) {
    if (!books_[group].restore(books[group])) return false;
  }
  return true;
}

void allocation::deserted() {
  for (ledger& book : books_) book.deserted();
}

bool allocation::all_done() const {
  return std::all_of(books_.begin(), books_.end(),
                     [](const ledger& book) { return book.all_done(); });
}

}  // namespace troupe
