// What an allocation moves from slow workers to fast ones; the rest of it is in allocation.cpp.

#include <algorithm>
#include <functional>

#include "troupe/actors/allocation.hpp"

namespace troupe {

namespace {

/// Windows are shared out by speed once the slowest member takes so much longer than it need; from
/// then on they follow more closely.
constexpr double most_spread = 1.15, followed_spread = 1.04;
/// A share is told once it has changed by so much.
constexpr double told_change = 1.15;

}  // namespace

bool allocation::moves_tails() const {
  return plan_->of.supervisor.rebalance && !plan_->in_rounds() && plan_->groups == 1;
}

/// Not where all others would be through with it before this worker, which is slow, had trained one
/// window of it.
bool allocation::worth_beginning(std::uint32_t worker) const {
  const double speed = pace_.speed(worker), others = pace_.speed() - speed;
  if (!moves_tails() || speed <= 0 || joined_count_ < 2 || others <= 0) return true;
  if (suspects_ > 0) return true;  // others are not what they seem
  const ledger& book = book_of(worker);
  const auto window = static_cast<double>(
      book.next_is_moved(local(worker)) ? plan_->of.training.batch_size : window_of(worker));
  const auto held = static_cast<double>(rows_leased(worker));
  const double mine = (held + window) / speed;
  const double rest = static_cast<double>(book.rows_left()) - held;
  return mine <= (rest + window * (joined_count_ - 1)) / others;
}

std::uint64_t allocation::window_of(std::uint32_t worker) const {
  const auto at = std::lower_bound(sharing_.begin(), sharing_.end(), worker);
  const bool shared = !shares_.empty() && at != sharing_.end() && *at == worker;
  return shared ? shares_[static_cast<std::size_t>(at - sharing_.begin())] : window_rows_;
}

void allocation::request_rest(std::uint32_t worker, std::vector<revocation>& out) {
  pace_.spare(worker);
  const auto lease = book_of(worker).revoke(local(worker));
  if (!lease) return;
  revoking_.insert(worker);
  out.push_back({worker, *lease});
}

std::vector<allocation::revocation> allocation::revoke(double now) {
  std::vector<revocation> out = std::exchange(of_silent_, {});
  if (!moves_tails()) return out;
  const std::uint64_t batch = plan_->of.training.batch_size;
  const double usual = pace_.speed() / std::max(joined_count_, 1u);
  for (const std::uint32_t helper : idle_) {
    if (revoking_.size() >= idle_.size()) break;  // one for each is on its way
    const double speed = pace_.speed(helper) > 0 ? pace_.speed(helper) : usual;
    const auto from = pace_.straggler(speed, batch, now);
    if (!from) continue;  // too little for this one, perhaps enough for a faster one
    request_rest(*from, out);
  }
  return out;
}

void allocation::reshare_if_due() {
  if (!plan_->has_members() || !plan_->of.supervisor.rebalance) return;
  if (std::exchange(sharing_view_, view_.number) != view_.number) {
    const bool even = shares_.empty();
    sharing_.clear();
    for (const membership::member& m : view_.members) sharing_.push_back(m.worker);
    shares_.clear();
    if (!even) return reshare();
  }
  if (reports_ < sharing_.size() || sharing_.size() < 2) return;
  reports_ = 0;
  const std::vector<std::uint64_t> even(sharing_.size(), window_rows_);
  const double spread = pace_.spread(sharing_, shares_.empty() ? even : shares_);
  if (spread > (shares_.empty() ? most_spread : followed_spread)) reshare();
}

void allocation::reshare() {
  // A window of a whole epoch is closed by its end, whatever its rows.
  if (plan_->setup.window >= epoch_window || sharing_.empty()) return;
  shares_ = pace_.shares(sharing_, window_rows_ * sharing_.size());
  const auto differs = [](std::uint64_t a, std::uint64_t b) {
    return static_cast<double>(std::max(a, b)) > told_change * static_cast<double>(std::min(a, b));
  };
  if (told_.size() == shares_.size() &&
      std::equal(told_.begin(), told_.end(), shares_.begin(), std::not_fn(differs))) {
    return;
  }
  told_ = shares_;
  shares_changed_ = true;
}

std::optional<std::uint64_t> allocation::windows(std::uint32_t worker) const {
  if (!plan_->has_members()) return std::nullopt;
  return clocks_[worker];
}

std::optional<std::vector<std::pair<std::uint32_t, std::uint64_t>>> allocation::take_shares() {
  if (!std::exchange(shares_changed_, false)) return std::nullopt;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> out;
  for (const std::uint32_t worker : sharing_) out.emplace_back(worker, window_of(worker));
  return out;
}

}  // namespace troupe
