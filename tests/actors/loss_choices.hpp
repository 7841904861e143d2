#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "actors/whole_run.hpp"

namespace troupe::testing {

/// Small runs of every kind, whose actors are ended in the middle.
constexpr std::uint64_t loss_rows = 503, loss_epochs = 3;

struct choice {
  const char* protocol;
  const char* consistency;
  const char* rebalance;
  bool overlap = false;
};

inline const choice choices[] = {
    {"downpour", "asynchronous", "true"},
    {"adag", "asynchronous", "false"},
    {"dynsgd", "{name: bounded, staleness: 2}", "true"},
    {"aeasgd", "asynchronous", "true"},
    {"eamsgd", "{name: bounded, staleness: 1}", "false"},
    {"adag", "{name: bounded, staleness: 1}", "true"},
    {"sync_sgd", "synchronous", "true"},
    {"averaging", "synchronous", "false"},
    {"diloco", "synchronous", "true"},
    {"downpour", "{name: synchronous, backup_workers: 1}", "true"},
    {"adag", "asynchronous", "true", true},
    {"aeasgd", "{name: bounded, staleness: 1}", "true", true},
};

inline job job_of(const choice& c) {
  std::vector<std::string> settings = {std::string("optimizer.protocol=") + c.protocol,
                                       std::string("optimizer.consistency=") + c.consistency,
                                       std::string("supervisor.rebalance.enabled=") + c.rebalance,
                                       "training.epochs=" + std::to_string(loss_epochs),
                                       "training.batch_size=4"};
  if (c.overlap) settings.push_back("optimizer.overlap=true");
  if (c.protocol == std::string("eamsgd")) {
    settings.insert(settings.end(),
                    {"optimizer.gradient_rule=null", "optimizer.learning_rate=0.1"});
  }
  return small_job(settings);
}

inline void check_rows(const run_outcome& outcome) {
  const auto& s = outcome.summary;
  BOOST_TEST(outcome.failure == "");
  BOOST_TEST(outcome.stopped_by == "epochs");
  const auto trained = s["rows_trained"].get<std::uint64_t>();
  BOOST_TEST(trained - s["rows_repeated"].get<std::uint64_t>() == loss_rows * loss_epochs);
}

template <class Handle>
void kill(const Handle& who) {
  caf::anon_send_exit(who, caf::exit_reason::kill);
}

}  // namespace troupe::testing
