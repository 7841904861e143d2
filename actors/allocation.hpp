#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "troupe/actors/ledger.hpp"
#include "troupe/actors/messages/work.capnp.h"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

/// Decides who trains what next, in leases of about half a second or in synchronous rounds, and
/// who takes part (the view). The books are the ledgers, one a group. No CAF: the supervisor sends
/// what this says.
class allocation {
 public:
  allocation(std::shared_ptr<const run_plan> plan, std::uint32_t workers);

  /// This worker may be given work from now on.
  void joined(std::uint32_t worker);
  /// This worker is lost: it gets no more work and is waited for no more. What it holds is settled
  /// by `give_up`, once it is known what the servers took.
  void left(std::uint32_t worker);
  /// Of what a lost worker held, the first `trained` rows are done, the others free again.
  void give_up(std::uint32_t worker, std::uint64_t trained);
  /// While nothing is heard of a worker it is given no more work.
  void suspect(std::uint32_t worker, bool silent);

  /// All that can be given out now. `speed`: rows a second of a worker, 0 where unknown. Views that
  /// `take_view` hands out afterwards must reach the servers before the leases reach the workers.
  std::vector<lease> grant(const std::function<double(std::uint32_t)>& speed);
  /// The membership, where it has changed since the last call.
  std::optional<membership> take_view();
  std::uint64_t view() const noexcept { return view_.number; }
  /// Nobody takes part any more: whoever waits is answered.
  void dissolve();

  /// A worker's report of a window. Empty if it fits what it was given, else what is wrong.
  std::string take(const schema::Progress::Reader& progress);
  /// Empty if it fits, else what is wrong.
  std::string take(const schema::Yielded::Reader& yielded);

  bool all_done() const;
  /// Whether nothing is heard of this worker (see `suspect`).
  bool suspected(std::uint32_t worker) const { return suspected_[worker]; }
  /// Rows that each worker holds and has not reported.
  std::vector<std::uint64_t> rows_leased() const;
  /// Whether this worker holds nothing to train.
  bool idle(std::uint32_t worker) const { return book_of(worker).held(local(worker)) == 0; }

 private:
  ledger& book_of(std::uint32_t worker) { return books_[plan_->group_of(worker)]; }
  const ledger& book_of(std::uint32_t worker) const { return books_[plan_->group_of(worker)]; }
  /// A worker's number within its group's ledger, and back.
  std::uint32_t local(std::uint32_t worker) const { return worker / plan_->groups; }
  void grant_leases(std::uint32_t worker, double speed, std::vector<lease>& out);
  void grant_rounds(std::vector<lease>& out);
  void spare_idle(std::vector<std::uint32_t>& members, std::uint64_t round);
  bool is_member(std::uint32_t worker) const;
  void enter(std::uint32_t worker);
  void leave(std::uint32_t worker);
  std::uint64_t slowest() const;
  void end_orphaned_rounds();
  void rows_came_back();

  std::shared_ptr<const run_plan> plan_;
  std::vector<ledger> books_;
  std::vector<bool> joined_;
  std::uint32_t joined_count_ = 0;
  std::vector<bool> suspected_;
  std::set<std::uint32_t> hungry_;  // workers that may have room for a lease and find rows for it
  std::vector<std::uint64_t> clocks_;  // of the last window each worker reported
  std::vector<std::uint64_t> given_;   // the last round each was given a part of
  std::vector<std::uint64_t> spared_;  // the last round each was left out of for want of rows
  std::uint64_t planned_ = 0;          // rounds given out
  std::uint64_t completed_ = 0;        // the last round that some worker's commit was accepted in
  membership view_;
  bool view_changed_ = false;
};

}  // namespace troupe
