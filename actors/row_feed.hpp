#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "troupe/actors/ledger.hpp"
#include "troupe/actors/messages/data.capnp.h"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

using rows_msg = wire<schema::Rows>;

/// A mini-batch ready to be trained, in the network's terms; borrowed from the feed until the
/// next `take`.
struct mini_batch {
  std::uint32_t epoch = 0;
  position_range range;  ///< empty, and `rows` with it: a part of a round without rows
  batch rows;
  std::uint64_t clock = 0;  ///< of its lease
  bool closes = false;      ///< the last one of a lease that closes its worker's part of a round
};

/// The worker's side of its leases and rows: what to fetch next, and mini-batches out of what
/// has arrived. It keeps at most two chunks of rows under way or in use, so memory stays bounded
/// while the next rows travel behind the computing. No CAF.
class row_feed {
 public:
  /// `shard_first`: the first row of each data shard, ascending, the first one 0.
  /// `group`: whose rows they are.
  row_feed(std::shared_ptr<const run_plan> plan, std::vector<std::uint64_t> shard_first,
           std::uint32_t group = 0);

  void assign(const lease& granted);

  struct request {
    std::uint32_t epoch = 0;
    position_range range;
  };
  /// The next positions to ask every shard for; none while two chunks are open or no lease
  /// has unasked rows.
  std::optional<request> next_request();

  /// A shard's rows. False, and the rows are not taken, where they do not fit what was asked.
  bool arrived(std::size_t shard, const rows_msg& rows);

  /// What this shard was asked for and has not answered.
  std::vector<request> lacking(std::size_t shard) const;

  /// Whether the rows of the next mini-batch are all here.
  bool ready() const;
  /// The next mini-batch, of at most so many rows; only when ready.
  mini_batch take(std::uint64_t most_rows = ~std::uint64_t{0});

  /// Whether positions of this epoch are leased that have not been taken.
  bool holds(std::uint32_t epoch) const;
  bool empty() const noexcept { return leases_.empty(); }
  /// Forgets every lease and row not yet taken; rows that still arrive are ignored. Leases that
  /// close a part of a round stay, without rows.
  void clear();
  /// Forgets what has not been taken of a lease, and says what that is; empty: nothing, or the
  /// lease is not held.
  position_range give_back(std::uint64_t lease);
  /// Forgets the leases of rounds up to this one; what was not taken of each, with its id.
  std::vector<std::pair<std::uint64_t, position_range>> skip_until(std::uint64_t clock);

 private:
  struct chunk {
    request asked;
    std::uint64_t at = 0;              // next position to take
    std::vector<std::uint16_t> shard;  // of each position; empty with one shard
    std::vector<rows_msg> rows;        // by shard
    std::vector<std::size_t> used;     // rows taken, by shard
    std::size_t missing = 0;           // shards that have not answered
    bool forgotten = false;            // its rows are not wanted any more
  };
  struct held_lease {
    std::uint64_t id = 0;
    std::uint32_t epoch = 0;
    std::uint64_t asked = 0, taken = 0, last = 0;
    std::uint64_t clock = 0;
    bool closes = false;
  };
  bool first_is_empty() const { return !leases_.empty() && leases_[0].taken == leases_[0].last; }
  void drop_forgotten();
  void forget_rows(const held_lease& of);
  void plan_chunk(chunk& c) const;
  void copy_rows(chunk& c, std::size_t count);

  std::shared_ptr<const run_plan> plan_;
  std::vector<std::uint64_t> shard_first_;
  std::uint32_t group_;
  std::size_t row_values_;
  std::uint64_t chunk_rows_;
  std::deque<held_lease> leases_;
  std::deque<chunk> chunks_;
  std::vector<float> features_, labels_;
};

}  // namespace troupe
