#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/ledger.hpp"
#include "troupe/actors/run_plan.hpp"

namespace troupe {

struct data_shard_state {
  static inline const char* name = "data_shard";

  std::shared_ptr<const run_plan> plan;
  std::shared_ptr<const dataset> rows;
  position_range owned;    ///< rows of the training part that are this shard's
  std::uint64_t base = 0;  ///< which of them is the first of `rows`
  std::vector<std::uint64_t> wanted;

  /// \throws error (run) for what is not of this run, as `copy`.
  rows_msg fetch(const schema::Fetch::Reader& message);
  rows_msg copy(const schema::Copy::Reader& message);

 private:
  rows_msg make(std::uint32_t epoch, const position_range& range) const;
};

/// A shard that owns rows [owned.first, owned.last) of the training part; `rows` holds them, and
/// starts with row `base`.
data_shard_actor::behavior_type data_shard(
    data_shard_actor::stateful_pointer<data_shard_state> self, std::shared_ptr<const run_plan> plan,
    std::shared_ptr<const dataset> rows, position_range owned, std::uint64_t base);

/// First row of each of `shards` shards over `rows` rows, as equal as they go.
std::vector<std::uint64_t> cut_shards(std::uint64_t rows, std::uint32_t shards);
/// Rows of one of the job's shards, [first, last).
position_range rows_of_shard(const run_plan& plan, std::uint32_t shard);

}  // namespace troupe
