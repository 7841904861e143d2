#include "troupe/actors/ledger.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace troupe {

ledger::ledger(const extent& e)
    : extent_(e), open_(e.workers), lost_(e.workers, false), epoch_done_(e.epochs, 0) {
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

/// Rows that a lease could be cut from.
std::uint64_t ledger::rows_of(const stock& s, std::uint32_t epochs) {
  if (!s.returned.empty()) return s.returned.front().range.size();
  return s.epoch < epochs ? s.last - s.at : 0;
}

std::size_t ledger::source_for(std::uint32_t worker) const {
  if (extent_.shared) return 0;
  if (rows_of(stocks_[worker], extent_.epochs) > 0) return worker;
  for (std::uint32_t k = 0; k < stocks_.size(); ++k) {
    if (lost_[k] && rows_of(stocks_[k], extent_.epochs) > 0) return k;
  }
  return worker;
}

std::uint64_t ledger::free_rows(std::uint32_t worker) const {
  return rows_of(stocks_[source_for(worker)], extent_.epochs);
}

bool ledger::next_is_moved(std::uint32_t worker) const {
  const stock& s = stocks_[source_for(worker)];
  return !s.returned.empty() && s.returned.front().moved_from.has_value();
}

std::uint64_t ledger::round_rows() const {
  const stock& s = stocks_[0];
  if (s.returned.empty()) return free_rows(0);
  const std::uint32_t epoch = s.returned.front().epoch;
  std::uint64_t rows = 0;
  for (const piece& p : s.returned) {
    if (p.epoch != epoch) return rows;
    rows += p.range.size();
  }
  return rows + (s.epoch == epoch ? s.last - s.at : 0);
}

std::optional<ledger::piece> ledger::take(stock& from, std::uint64_t rows,
                                          std::optional<std::uint32_t> epoch) {
  if (!from.returned.empty()) {
    piece& next = from.returned.front();
    if (epoch && next.epoch != *epoch) return std::nullopt;
    const std::uint64_t count = std::min(rows, next.range.size());
    const piece taken{next.epoch, {next.range.first, next.range.first + count}, next.moved_from};
    next.range.first += count;
    if (next.range.size() == 0) from.returned.pop_front();
    return taken;
  }
  if (from.epoch >= extent_.epochs || (epoch && from.epoch != *epoch)) return std::nullopt;
  const std::uint64_t count = std::min(rows, from.last - from.at);
  const piece taken{from.epoch, {from.at, from.at + count}};
  from.at += count;
  if (from.at == from.last) {
    ++from.epoch;
    from.at = from.first;
  }
  return taken;
}

lease ledger::open(std::uint32_t worker, const piece& of, std::uint64_t clock) {
  const lease granted{next_id_++, worker, of.epoch, of.range, clock, false, of.moved_from};
  open_[worker].push_back({granted, granted.range.first, false});
  return granted;
}

std::optional<lease> ledger::grant(std::uint32_t worker, std::uint64_t rows,
                                   std::uint64_t window_rows) {
  const std::uint64_t unit = next_is_moved(worker) ? extent_.batch_rows : window_rows;
  const std::uint64_t units = std::max<std::uint64_t>(rows / unit, 1);
  lost_[worker] = false;
  const auto taken = take(stocks_[source_for(worker)], units * unit, std::nullopt);
  if (!taken) return std::nullopt;
  return open(worker, *taken, 0);
}

/// Where the parts of a round of `total` rows end.
std::vector<std::uint64_t> ledger::ends_of(std::uint64_t count, std::uint64_t total,
                                           const std::vector<std::uint64_t>& shares) const {
  std::vector<std::uint64_t> ends(count);
  if (shares.empty()) {
    const std::uint64_t batches = (total + extent_.batch_rows - 1) / extent_.batch_rows;
    for (std::uint64_t i = 0; i < count; ++i) {
      ends[i] = std::min(batches * (i + 1) / count * extent_.batch_rows, total);
    }
    return ends;
  }
  const auto whole =
      static_cast<double>(std::accumulate(shares.begin(), shares.end(), std::uint64_t{0}));
  double before = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    before += static_cast<double>(shares[i]);
    ends[i] = std::min(
        static_cast<std::uint64_t>(static_cast<double>(total) * before / whole + 0.5), total);
  }
  ends.back() = total;
  return ends;
}

std::vector<lease> ledger::grant_round(const std::vector<std::uint32_t>& members,
                                       std::uint64_t clock,
                                       const std::vector<std::uint64_t>& shares) {
  const std::uint64_t count = members.size();
  std::deque<piece> pieces;
  std::uint64_t total = 0;
  std::optional<std::uint32_t> epoch;
  while (total < count * extent_.window_rows) {
    const auto taken = take(stocks_[0], count * extent_.window_rows - total, epoch);
    if (!taken) break;
    epoch = taken->epoch;
    total += taken->range.size();
    pieces.push_back(*taken);
  }
  std::vector<lease> out;
  if (pieces.empty()) return out;
  const std::vector<std::uint64_t> ends = ends_of(count, total, shares);
  const std::uint64_t end = pieces.back().range.last;
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t last = ends[i];
    if (at == last) {
      out.push_back({next_id_++, members[i], *epoch, {end, end}, clock, false});
    }
    while (at < last) {
      piece& next = pieces.front();
      const std::uint64_t size = std::min(last - at, next.range.size());
      const piece share{next.epoch, {next.range.first, next.range.first + size}};
      out.push_back(open(members[i], share, clock));
      next.range.first += size;
      if (next.range.size() == 0) pieces.pop_front();
      at += size;
    }
    out.back().closes = true;
  }
  return out;
}

bool ledger::settle(std::uint32_t worker, std::uint32_t epoch, const position_range& range,
                    bool trained) {
  // A range may run over the end of one lease into the next one of the same worker.
  std::deque<open_lease>& leases = open_[worker];
  std::vector<std::pair<open_lease*, std::uint64_t>> pieces;
  std::uint64_t at = range.first;
  for (auto open = leases.begin(); open != leases.end() && at < range.last; ++open) {
    if (open->of.epoch != epoch || open->done_until != at) continue;
    at = std::min(range.last, open->of.range.last);
    pieces.emplace_back(&*open, at);
  }
  if (at != range.last || pieces.empty()) return false;
  for (const auto& [open, until] : pieces) open->done_until = until;
  close_done(worker);
  if (trained) {
    epoch_done_[epoch] += range.size();
    rows_done_ += range.size();
  } else {
    stock_of(worker).returned.push_back({epoch, range});
  }
  return true;
}

void ledger::close_done(std::uint32_t worker) {
  std::deque<open_lease>& leases = open_[worker];
  leases.erase(std::remove_if(leases.begin(), leases.end(),
                              [](const open_lease& o) { return o.done_until == o.of.range.last; }),
               leases.end());
}

bool ledger::done(std::uint32_t worker, std::uint32_t epoch, const position_range& range) {
  return settle(worker, epoch, range, true);
}

bool ledger::lost(std::uint32_t worker, std::uint32_t epoch, const position_range& range) {
  return settle(worker, epoch, range, false);
}

void ledger::give_up(std::uint32_t worker, std::uint64_t trained) {
  lost_[worker] = true;
  while (!open_[worker].empty()) {
    const open_lease o = open_[worker].front();
    const std::uint64_t until = std::min(o.of.range.last, o.done_until + trained);
    trained -= until - o.done_until;
    if (until > o.done_until) settle(worker, o.of.epoch, {o.done_until, until}, true);
    if (until < o.of.range.last) settle(worker, o.of.epoch, {until, o.of.range.last}, false);
  }
}

std::uint64_t ledger::rows_held(std::uint32_t worker) const {
  std::uint64_t rows = 0;
  for (const open_lease& o : open_[worker]) rows += o.of.range.last - o.done_until;
  return rows;
}

std::optional<std::uint64_t> ledger::revoke(std::uint32_t worker) {
  std::deque<open_lease>& leases = open_[worker];
  const auto last =
      std::find_if(leases.rbegin(), leases.rend(), [](const open_lease& o) { return !o.revoked; });
  if (last == leases.rend()) return std::nullopt;
  last->revoked = true;
  return last->of.id;
}

std::size_t ledger::revoked(std::uint32_t worker) const {
  return static_cast<std::size_t>(std::count_if(open_[worker].begin(), open_[worker].end(),
                                                [](const open_lease& o) { return o.revoked; }));
}

bool ledger::yielded(std::uint32_t worker, std::uint64_t id, std::uint64_t first) {
  if (worker >= open_.size()) return false;
  std::deque<open_lease>& leases = open_[worker];
  const auto found = std::find_if(leases.begin(), leases.end(),
                                  [&](const open_lease& o) { return o.of.id == id; });
  if (found == leases.end() || first < found->done_until || first >= found->of.range.last) {
    return false;
  }
  piece rest{found->of.epoch, {first, found->of.range.last}};
  if (std::exchange(found->revoked, false)) rest.moved_from = worker;
  stock_of(worker).returned.push_back(rest);
  found->of.range.last = first;
  close_done(worker);
  return true;
}

ledger_image ledger::image(const std::vector<std::uint64_t>& trained,
                           const std::vector<std::vector<ledger_image::part>>& undone) const {
  ledger_image out;
  for (const stock& s : stocks_) {
    out.stocks.push_back({s.epoch, s.at, {}});
    for (const piece& p : s.returned) out.stocks.back().returned.push_back({p.epoch, p.range});
  }
  for (std::uint32_t worker = 0; worker < open_.size(); ++worker) {
    auto& returned = out.stocks[extent_.shared ? 0 : worker].returned;
    std::uint64_t done = trained[worker];
    for (const open_lease& o : open_[worker]) {
      const std::uint64_t first = std::min(o.done_until + done, o.of.range.last);
      done -= first - o.done_until;
      if (first < o.of.range.last) returned.push_back({o.of.epoch, {first, o.of.range.last}});
    }
    returned.insert(returned.end(), undone[worker].begin(), undone[worker].end());
  }
  return out;
}

bool ledger::restore(const ledger_image& from) {
  if (from.stocks.size() != stocks_.size()) return false;
  ledger next(extent_);
  std::vector<std::uint64_t> undone(extent_.epochs, 0);
  for (std::size_t k = 0; k < stocks_.size(); ++k) {
    stock& s = next.stocks_[k];
    const ledger_image::stock& image = from.stocks[k];
    if (image.epoch > extent_.epochs || image.at < s.first || image.at > s.last) return false;
    s.epoch = image.epoch;
    s.at = image.at;
    for (std::uint32_t epoch = s.epoch; epoch < extent_.epochs; ++epoch) {
      undone[epoch] += s.last - (epoch == s.epoch ? s.at : s.first);
    }
    for (const ledger_image::part& p : image.returned) {
      const bool fits = p.epoch < extent_.epochs && p.range.first < p.range.last &&
                        p.range.last <= extent_.rows_per_epoch;
      if (!fits) return false;
      s.returned.push_back({p.epoch, p.range});
      undone[p.epoch] += p.range.size();
    }
  }
  for (std::uint32_t epoch = 0; epoch < extent_.epochs; ++epoch) {
    if (undone[epoch] > extent_.rows_per_epoch) return false;
    next.epoch_done_[epoch] = extent_.rows_per_epoch - undone[epoch];
    next.rows_done_ += next.epoch_done_[epoch];
  }
  *this = std::move(next);
  return true;
}

}  // namespace troupe
