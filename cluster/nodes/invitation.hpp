#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "troupe/actors/ledger.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/cluster/nodes/cast.hpp"

namespace troupe {

struct peer_address {
  std::string node, host;
  std::uint16_t port = 0;
};

/// Parts for one node to play.
struct parts_of_node {
  struct shard {
    std::uint32_t number = 0;
    position_range rows;
    std::uint64_t checksum = 0;
  };
  struct worker {
    std::uint32_t number = 0, incarnation = 1;
  };
  std::vector<std::uint32_t> servers;
  std::vector<shard> shards;
  std::vector<worker> workers;
  std::vector<peer_address> peers;  ///< to connect to first
};

/// Everything a node needs to play its parts, but the rows.
invite_msg make_invitation(const run_plan& plan, const data_facts& facts,
                           const parts_of_node& parts);

/// The parts. \throws error (run) where they do not fit the plan.
parts_of_node read_parts(const schema::Invite::Reader& message, const run_plan& plan);

/// The plan of an invitation's run. \throws error where this program cannot play it.
std::shared_ptr<const run_plan> read_plan(const schema::Invite::Reader& message,
                                          const catalogue& known);

/// Over the features and labels of rows [first, last) of `rows`, as they lie.
std::uint64_t checksum_of(const dataset& rows, const position_range& range);

}  // namespace troupe
