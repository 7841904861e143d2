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
  if (range.first >= range.last) return false;
  for (auto at = open_.begin(); at != open_.end(); ++at) {
    open_lease& open = at->second;
    if (open.of.worker != worker || open.of.epoch != epoch || open.done_until != range.first ||
        range.last > open.of.range.last) {
      continue;
    }
    open.done_until = range.last;
    epoch_done_[epoch] += range.size();
    rows_done_ += range.size();
    if (open.done_until == open.of.range.last) {
      --held_[worker];
      open_.erase(at);
    }
    return true;
  }
  return false;
}

}  // namespace troupe
