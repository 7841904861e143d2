#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
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
  position_range range;
  batch rows;
};

/// The worker's side of its leases and rows: what to fetch next, and mini-batches out of what
/// has arrived. It keeps at most two chunks of rows under way or in use, so memory stays bounded
/// while the next rows travel behind the computing. No CAF.
class row_feed {
 public:
  /// `shard_first`: the first row of each data shard, ascending, the first one 0.
  row_feed(std::shared_ptr<const run_plan> plan, std::vector<std::uint64_t> shard_first);

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

  /// Whether the rows of the next mini-batch are all here.
  bool ready() const;
  /// The next mini-batch; only when ready.
  mini_batch take();

  /// Whether positions of this epoch are leased that have not been taken.
  bool holds(std::uint32_t epoch) const;
  bool empty() const noexcept { return leases_.empty(); }
  /// Forgets every lease and row not yet taken; rows that still arrive are ignored.
  void clear();

 private:
  struct chunk {
    request asked;
    std::uint64_t at = 0;                // next position to take
    std::vector<std::uint16_t> shard;    // of each position; empty with one shard
    std::vector<rows_msg> rows;          // by shard
    std::vector<std::size_t> used;       // rows taken, by shard
    std::size_t missing = 0;             // shards that have not answered
  };
  struct held_lease {
    std::uint32_t epoch = 0;
    std::uint64_t asked = 0, taken = 0, last = 0;
  };
  void plan_chunk(chunk& c) const;
  void copy_rows(chunk& c, std::size_t count);

  std::shared_ptr<const run_plan> plan_;
  std::vector<std::uint64_t> shard_first_;
  std::size_t row_values_;
  std::uint64_t chunk_rows_;
  std::deque<held_lease> leases_;
  std::deque<chunk> chunks_;
  std::vector<float> features_, labels_;
};

}  // namespace troupe
