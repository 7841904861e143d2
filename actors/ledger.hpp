#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace troupe {

/// Consecutive positions of an epoch's permutation, [first, last).
struct position_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size() const noexcept { return last - first; }
  bool operator==(const position_range& o) const { return first == o.first && last == o.last; }
};

struct lease {
  std::uint64_t id = 0;
  std::uint32_t worker = 0;
  std::uint32_t epoch = 0;
  position_range range;     ///< empty: its worker takes part in the round without rows
  std::uint64_t clock = 0;  ///< the round it belongs to; 0: none
  bool closes = false;      ///< the last part of its worker's share of the round
  /// Who gave it back because it was asked to (`ledger::revoke`).
  std::optional<std::uint32_t> moved_from = std::nullopt;
};

/// What is not done of a ledger, to be kept.
struct ledger_image {
  struct part {
    std::uint32_t epoch = 0;
    position_range range;
  };
  /// Of all workers, or of one where each has its own share.
  struct stock {
    std::uint32_t epoch = 0;
    std::uint64_t at = 0;        ///< next free position
    std::vector<part> returned;  ///< free again
  };
  std::vector<stock> stocks;
};

/// The supervisor's book of who trains what: every position of every epoch is free, leased to one
/// worker, or done, and becomes done exactly once. Positions are handed out in order, those given
/// back first; leases are cut at multiples of a window of mini-batches, so that only the end of an
/// epoch and what was given back make a short window. The next epoch may be leased when the last
/// one is fully leased.
///
/// `shared`: all workers draw from one stock, the fast ones more often. Otherwise each has its
/// own equal share of every epoch, which nobody else touches unless it is lost.
class ledger {
 public:
  struct extent {
    std::uint64_t rows_per_epoch = 0;
    std::uint32_t epochs = 1;
    std::uint64_t batch_rows = 1;   ///< rows of a full mini-batch
    std::uint64_t window_rows = 1;  ///< rows of a full window of mini-batches
    std::uint32_t workers = 1;
    bool shared = true;
  };
  explicit ledger(const extent& e);

  /// One worker more. Only with a shared stock.
  void extend() {
    open_.emplace_back();
    lost_.push_back(false);
    ++extent_.workers;
  }

  /// The next lease for this worker: `rows` rounded to whole windows of `window_rows` (at least
  /// one; of what was moved: to mini-batches), less at the end of an epoch; none where nothing is
  /// left for it.
  std::optional<lease> grant(std::uint32_t worker, std::uint64_t rows, std::uint64_t window_rows);
  std::optional<lease> grant(std::uint32_t worker, std::uint64_t rows) {
    return grant(worker, rows, extent_.window_rows);
  }

  /// The next synchronous round: a window of rows for each member (less at the end of an epoch),
  /// split evenly among them at multiples of a mini-batch, or in proportion to `shares` where there
  /// are any; each member's leases follow each other, the last one `closes`. None where nothing is
  /// free. Only with a shared stock.
  std::vector<lease> grant_round(const std::vector<std::uint32_t>& members, std::uint64_t clock,
                                 const std::vector<std::uint64_t>& shares = {});

  /// Rows that are still free for this worker in the epoch it would be granted next.
  std::uint64_t free_rows(std::uint32_t worker) const;
  /// Whether what it would be granted next was moved from another worker.
  bool next_is_moved(std::uint32_t worker) const;

  /// Rows that the next round may have at most: those free in its epoch. Only with a shared stock.
  std::uint64_t round_rows() const;

  /// These positions of the worker's leases have been trained. False, and nothing changes, unless
  /// they are the next undone ones of a lease it holds.
  bool done(std::uint32_t worker, std::uint32_t epoch, const position_range& range);

  /// As `done`, but what was trained is lost: these positions are free again.
  bool lost(std::uint32_t worker, std::uint32_t epoch, const position_range& range);

  /// The worker will not train a lease it holds from `first` on: that is free again. False unless
  /// `first` lies in what is undone of it.
  bool yielded(std::uint32_t worker, std::uint64_t id, std::uint64_t first);

  /// The worker's latest lease of which it has not been asked for the rest; it is asked now. None
  /// where there is none.
  std::optional<std::uint64_t> revoke(std::uint32_t worker);
  /// Leases that a worker has been asked for the rest of, and still holds.
  std::size_t revoked(std::uint32_t worker) const;

  /// The worker is lost: of what it holds, the first `trained` positions, in the order of its
  /// leases, are done, the others free again. Until it is granted something again, its share is
  /// open to those who are through with theirs.
  void give_up(std::uint32_t worker, std::uint64_t trained);
  /// None of the workers is here, and some may not come: what is theirs alone is for the others,
  /// too, until they are granted something.
  void deserted() { lost_.assign(lost_.size(), true); }

  /// Leases a worker holds that are not wholly done.
  std::size_t held(std::uint32_t worker) const { return open_[worker].size(); }

  /// Rows that a worker holds and has not reported.
  std::uint64_t rows_held(std::uint32_t worker) const;

  /// The books with nobody at work: of what each worker holds, the first `trained` rows are done,
  /// the others free; so is what is `undone` of a worker, though it was reported.
  ledger_image image(const std::vector<std::uint64_t>& trained,
                     const std::vector<std::vector<ledger_image::part>>& undone) const;
  /// Goes on where an image was taken; for a ledger of the same extent, before anything is granted.
  /// False, and nothing has changed, for an image that does not fit.
  bool restore(const ledger_image& from);

  std::uint64_t rows_done() const noexcept { return rows_done_; }
  std::uint64_t rows_done(std::uint32_t epoch) const { return epoch_done_[epoch]; }
  /// Rows that are not done, of all epochs.
  std::uint64_t rows_left() const noexcept {
    return extent_.rows_per_epoch * extent_.epochs - rows_done_;
  }
  bool all_done() const noexcept { return rows_left() == 0; }

 private:
  struct piece {
    std::uint32_t epoch = 0;
    position_range range;
    std::optional<std::uint32_t> moved_from = std::nullopt;
  };
  /// Where a stock of positions stands: one for all, or one a worker.
  struct stock {
    std::uint32_t epoch = 0;
    std::uint64_t at = 0;               // next free position
    std::uint64_t first = 0, last = 0;  // its part of every epoch
    std::deque<piece> returned;         // free again
  };
  struct open_lease {
    lease of;
    std::uint64_t done_until = 0;
    bool revoked = false;
  };
  static std::uint64_t rows_of(const stock& s, std::uint32_t epochs);
  /// The stock of the worker's next lease: its own, or that of one who is lost.
  std::size_t source_for(std::uint32_t worker) const;
  stock& stock_of(std::uint32_t worker) { return stocks_[extent_.shared ? 0 : worker]; }
  const stock& stock_of(std::uint32_t worker) const { return stocks_[extent_.shared ? 0 : worker]; }
  /// Takes up to `rows` positions that follow each other; none: the stock is empty, or what comes
  /// next is of another epoch than `epoch`.
  std::optional<piece> take(stock& from, std::uint64_t rows, std::optional<std::uint32_t> epoch);
  lease open(std::uint32_t worker, const piece& of, std::uint64_t clock);
  std::vector<std::uint64_t> ends_of(std::uint64_t count, std::uint64_t total,
                                     const std::vector<std::uint64_t>& shares) const;
  void close_done(std::uint32_t worker);
  bool settle(std::uint32_t worker, std::uint32_t epoch, const position_range& range, bool trained);

  extent extent_;
  std::vector<stock> stocks_;
  std::vector<std::deque<open_lease>> open_;  // of each worker, as they were granted
  std::vector<bool> lost_;
  std::vector<std::uint64_t> epoch_done_;
  std::uint64_t rows_done_ = 0;
  std::uint64_t next_id_ = 1;
};

}  // namespace troupe
