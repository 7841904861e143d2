#include "troupe/actors/ledger.hpp"

#include <algorithm>

namespace troupe {

ledger::ledger(const extent& e)
    : extent_(e), held_(e.workers, 0), epoch_done_(e.epochs, 0) {
  const std::uint64_t windows = (e.rows_per_epoch + e.window_rows - 1) / e.window_rows;
  const std::uint32_t count = e.shared ? 1 : e.workers;
  for (std::uint32_t k = 0; k < count; ++k) {
    stock s;
    s.first = std::min(windows * k / count * e.window_rows, e.rows_per_epoch);
    s.last = std::min(windows * (k + 1) / count * e.window_rows, e.rows_per_epoch);
    s.at = s.first;
    // More workers than windows: this one has no share in any epoch.
    if (s.first == s.last) s.epoch = e.epochs;
    stocks_.push_back(s);
  }
}

std::uint64_t ledger::free_rows(std::uint32_t worker) const {
  const stock& s = stock_of(worker);
  return s.epoch < extent_.epochs ? s.last - s.at : 0;
}

std::optional<lease> ledger::grant(std::uint32_t worker, std::uint64_t rows) {
  stock& s = stock_of(worker);
  if (s.epoch >= extent_.epochs) return std::nullopt;
  const std::uint64_t windows = std::max<std::uint64_t>(rows / extent_.window_rows, 1);
  const std::uint64_t take = std::min(windows * extent_.window_rows, s.last - s.at);
  lease granted{next_id_++, worker, s.epoch, {s.at, s.at + take}};
  s.at += take;
  if (s.at == s.last) {
    ++s.epoch;
    s.at = s.first;
  }
  open_[granted.id] = {granted, granted.range.first};
  ++held_[worker];
  return granted;
}

bool ledger::done(std::uint32_t worker, std::uint32_t epoch, const position_range& range) {
  // A range may run over the end of one lease into the next one of the same worker.
  std::vector<std::pair<std::map<std::uint64_t, open_lease>::iterator, std::uint64_t>> pieces;
  std::uint64_t at = range.first;
  for (auto open = open_.begin(); open != open_.end() && at < range.last; ++open) {
    const open_lease& o = open->second;
    if (o.of.worker != worker || o.of.epoch != epoch || o.done_until != at) continue;
    at = std::min(range.last, o.of.range.last);
    pieces.emplace_back(open, at);
  }
  if (at != range.last || pieces.empty()) return false;
  for (const auto& [open, until] : pieces) {
    open->second.done_until = until;
    if (until == open->second.of.range.last) {
      --held_[worker];
      open_.erase(open);
    }
  }
  epoch_done_[epoch] += range.size();
  rows_done_ += range.size();
  return true;
}

}  // namespace troupe
