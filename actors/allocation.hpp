#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "troupe/actors/ledger.hpp"
#include "troupe/actors/messages/work.capnp.h"
#include "troupe/actors/rebalancer.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// Decides who trains what next, in leases of about half a second or in synchronous rounds, who
/// takes part (the view), and what is moved from the slow to the fast: what has not been started,
/// or, where the clock binds, a part of every window. The books are the ledgers, one a group; the
/// `rebalancer` knows the speeds. No CAF: the supervisor sends what this says. Times are seconds of
/// one clock.
class allocation {
 public:
  /// Views are counted from `view` on.
  allocation(std::shared_ptr<const run_plan> plan, std::uint32_t workers, std::uint64_t view = 0);

  /// This worker may be given work from now on.
  void joined(std::uint32_t worker);
  /// One worker more, which has yet to join (see run_plan::most_workers).
  void extend();
  /// This worker is lost: it gets no more work and is waited for no more. What it holds is settled
  /// by `give_up`, once it is known what the servers took.
  void left(std::uint32_t worker);
  /// Of what a lost worker held, the first `trained` rows are done, the others free again.
  void give_up(std::uint32_t worker, std::uint64_t trained);
  /// While nothing is heard of a worker it is given no more work, and asked for what it holds.
  void suspect(std::uint32_t worker, bool silent);

  /// A lease, and the size of the windows it is to be trained in (0: the protocol's).
  struct granted : lease {
    granted(const lease& of, std::uint64_t rows) : lease(of), window_rows(rows) {}
    std::uint64_t window_rows = 0;
  };
  /// All that can be given out now. Views that `take_view` hands out afterwards must reach the
  /// servers before the leases reach the workers.
  std::vector<granted> grant(double now);
  /// A worker that is to be asked for the rest of a lease.
  struct revocation {
    std::uint32_t worker = 0;
    std::uint64_t lease = 0;
  };
  /// Whose work is to be moved now; after `grant`. A later `grant` hands it on
  /// (lease::moved_from).
  std::vector<revocation> revoke(double now);
  /// Asks those anew who declined to begin with what others would be through with sooner.
  void reconsider();

  /// Rows of a window of each member, where they have changed since the last call.
  std::optional<std::vector<std::pair<std::uint32_t, std::uint64_t>>> take_shares();

  /// The membership, where it has changed since the last call.
  std::optional<membership> take_view();
  std::uint64_t view() const noexcept { return view_.number; }
  /// Nobody takes part any more: whoever waits is answered.
  void dissolve();

  /// A worker's report of a window. Empty if it fits what it was given, else what is wrong.
  std::string take(const schema::Progress::Reader& progress, double now);
  /// Empty if it fits, else what is wrong.
  std::string take(const schema::Yielded::Reader& yielded, double now);

  /// No round after those given out, until that is taken back.
  void hold_rounds(bool held) { rounds_held_ = held; }
  /// Rounds given out.
  std::uint64_t rounds() const noexcept { return planned_; }
  /// The books with nobody at work (ledger::image), by worker; and back, before anybody joins.
  std::vector<ledger_image> image(const std::vector<std::uint64_t>& trained,
                                  const std::vector<std::vector<ledger_image::part>>& undone) const;
  bool restore(const std::vector<ledger_image>& books);
  /// See ledger::deserted.
  void deserted();

  bool all_done() const;
  /// Whether nothing is heard of this worker (see `suspect`).
  bool suspected(std::uint32_t worker) const { return suspected_[worker]; }
  /// Rows that a worker holds and has not reported.
  std::uint64_t rows_leased(std::uint32_t worker) const {
    return book_of(worker).rows_held(local(worker));
  }
  /// Rows of a window of this worker, by its share.
  std::uint64_t window_rows(std::uint32_t worker) const { return window_of(worker); }
  /// Windows that a worker has reported, where servers wait for windows; none where for nobody.
  std::optional<std::uint64_t> windows(std::uint32_t worker) const;
  /// Whether this worker holds nothing to train.
  bool idle(std::uint32_t worker) const { return book_of(worker).held(local(worker)) == 0; }

 private:
  ledger& book_of(std::uint32_t worker) { return books_[plan_->group_of(worker)]; }
  const ledger& book_of(std::uint32_t worker) const { return books_[plan_->group_of(worker)]; }
  /// A worker's number within its group's ledger, and back.
  std::uint32_t local(std::uint32_t worker) const { return worker / plan_->groups; }
  void grant_leases(std::uint32_t worker, double now, std::vector<granted>& out);
  void grant_rounds(std::vector<granted>& out);
  bool moves_tails() const;
  bool worth_beginning(std::uint32_t worker) const;
  std::uint64_t window_of(std::uint32_t worker) const;
  void request_rest(std::uint32_t worker, std::vector<revocation>& out);
  void settled(std::uint32_t worker, bool fresh, double now);
  void reshare_if_due();
  void reshare();
  void spare_idle(std::vector<std::uint32_t>& members, std::uint64_t round);
  bool is_member(std::uint32_t worker) const;
  bool all_reported() const;
  void enter(std::uint32_t worker);
  void leave(std::uint32_t worker);
  std::uint64_t slowest() const;
  void end_orphaned_rounds();
  void rows_came_back();

  std::shared_ptr<const run_plan> plan_;
  std::vector<ledger> books_;
  rebalancer pace_;
  std::uint64_t window_rows_ = 1;  // the protocol's
  std::vector<bool> joined_;
  std::uint32_t joined_count_ = 0;
  std::vector<bool> suspected_;
  std::uint32_t suspects_ = 0;
  std::set<std::uint32_t> hungry_;    // workers that may have room for a lease and find rows for it
  std::set<std::uint32_t> idle_;      // those who found none and hold nothing
  std::set<std::uint32_t> declined_;  // those who would only keep the others waiting
  std::set<std::uint32_t> revoking_;  // those who were asked for the rest of a lease
  std::vector<revocation> of_silent_;   // to be asked for
  std::uint64_t sharing_view_ = 0;      // of the shares
  std::vector<std::uint32_t> sharing_;  // members when the shares were made, and those
  std::vector<std::uint64_t> shares_;   // in the same order; empty: all the same
  std::vector<std::uint64_t> told_;     // those that an event told of
  bool shares_changed_ = false;
  std::uint64_t reports_ = 0;          // since the shares were looked at
  std::vector<std::uint64_t> clocks_;  // of the last window each worker reported
  std::vector<std::uint64_t> given_;   // the last round each was given a part of
  std::vector<std::uint64_t> spared_;  // the last round each was left out of for want of rows
  std::uint64_t planned_ = 0;          // rounds given out
  bool rounds_held_ = false;
  std::uint64_t completed_ = 0;  // the last round that some worker's commit was accepted in
  membership view_;
  bool view_changed_ = false;
};

}  // namespace troupe
