#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "troupe/actors/cast.hpp"
#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/run_plan.hpp"
#include "troupe/actors/scorer.hpp"

namespace troupe {

/// Pulls the centre slice by slice, then scores it. Requests queue up and are answered in order.
class evaluator_state {
 public:
  static inline const char* name = "evaluator";
  using pointer = evaluator_actor::stateful_pointer<evaluator_state>;

  explicit evaluator_state(pointer self) : self_(self) {}
  /// `watched` is scored while training goes on, `test` at the end; either may be null.
  void begin(std::shared_ptr<const run_plan> plan, std::shared_ptr<const dataset> watched,
             std::shared_ptr<const dataset> test);
  void join(const route_msg& route, const std::vector<parameter_server_actor>& servers);
  caf::result<score> evaluate(const score_request& request);

 private:
  struct waiting {
    score_request request;
    caf::typed_response_promise<score> promise;
  };
  void pull_next();
  void finish_front(const snapshot_ptr& snapshot);

  pointer self_;
  std::shared_ptr<const run_plan> plan_;
  std::shared_ptr<const dataset> watched_, test_;
  std::unique_ptr<scorer> scorer_;
  std::vector<parameter_server_actor> home_;
  std::deque<waiting> queue_;
  std::shared_ptr<center_snapshot> pulling_;
  center_puller puller_;
};

/// To be spawned detached (it computes for long), except in tests.
evaluator_actor::behavior_type evaluator(evaluator_state::pointer self,
                                         std::shared_ptr<const run_plan> plan,
                                         std::shared_ptr<const dataset> watched,
                                         std::shared_ptr<const dataset> test);

}  // namespace troupe
