#pragma once

#include <memory>
#include <string>

#include "actors/plan_fixture.hpp"
#include "troupe/actors/messages/wire.hpp"
#include "troupe/actors/messages/work.capnp.h"

namespace troupe::testing {

/// How much there is to give out, and to whom.
struct allocation_setup {
  std::size_t rows = 50;
  std::uint32_t workers = 3;
  std::uint32_t batch = 4;
  std::uint32_t window = 2;
  std::string consistency = "synchronous";
  std::uint32_t epochs = 3;
  bool rebalance = true;
};

inline std::shared_ptr<run_plan> plan_for(const allocation_setup& s) {
  const job of = job_around(
      "{input: [1], layers: [{dense: {units: 1}}], loss: mean_squared_error}",
      "{protocol: adag, communication_window: " + std::to_string(s.window) +
          ", consistency: " + s.consistency + "}",
      "{epochs: " + std::to_string(s.epochs) + ", batch_size: " + std::to_string(s.batch) + "}",
      "{workers: " + std::to_string(s.workers) + "}");
  const auto plan = plan_over(of, numbered_rows(s.rows, {1}, element_type::u8));
  plan->of.supervisor.rebalance = s.rebalance;
  return plan;
}

/// A worker gives back a lease's rows from `first` on.
inline wire<schema::Yielded> yielded(std::uint32_t worker, std::uint64_t lease,
                                     std::uint64_t first) {
  wire_builder<schema::Yielded> out;
  out->setWorker(worker);
  out->setLease(lease);
  out->setFirst(first);
  return std::move(out).finish();
}

}  // namespace troupe::testing
