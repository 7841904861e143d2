// Every protocol under every consistency in whole runs of real actors, whose messages are worked on
// in random orders.

#include <boost/test/unit_test.hpp>
#include <map>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::uint64_t rows = 503, epochs = 3;

std::vector<std::string> settings_for(const std::string& protocol, const std::string& consistency) {
  std::vector<std::string> out = {"optimizer.protocol=" + protocol,
                                  "optimizer.consistency=" + consistency,
                                  "training.epochs=" + std::to_string(epochs),
                                  "supervisor.rebalance.enabled=false", "training.batch_size=4"};
  if (protocol == "eamsgd") {
    out.insert(out.end(), {"optimizer.gradient_rule=null", "optimizer.learning_rate=0.1"});
  }
  return out;
}

/// Adds up that every row was trained and taken once, whatever happened on the way.
void check_rows(const run_outcome& outcome) {
  const auto& s = outcome.summary;
  BOOST_TEST(outcome.failure == "");
  BOOST_TEST(outcome.stopped_by == "epochs");
  const auto trained = s["rows_trained"].get<std::uint64_t>();
  BOOST_TEST(trained - s["rows_repeated"].get<std::uint64_t>() == rows * epochs);
}

std::vector<std::string> names(const std::string& consistency) {
  const registry<protocol_entry> known = builtin_protocols();
  std::vector<std::string> out;
  for (const protocol_entry& entry : known.entries()) {
    const auto& all = entry.consistencies;
    if (entry.counts_commits && std::find(all.begin(), all.end(), consistency) != all.end()) {
      out.push_back(entry.name);
    }
  }
  return out;
}

/// Watches a consistency from outside and checks that nobody is let go too early.
class watched : public consistency {
 public:
  watched(std::unique_ptr<consistency> inner, std::uint64_t bound, std::uint64_t* most)
      : inner_(std::move(inner)), bound_(bound), most_(most) {}

  steps commit(std::uint32_t worker, std::uint64_t clock) override {
    if (clocks_.count(worker)) clocks_[worker] = clock;
    last_[worker] = clock;
    return checked(inner_->commit(worker, clock));
  }
  steps join(const membership& now) override {
    std::map<std::uint32_t, std::uint64_t> clocks;
    for (const auto& m : now.members) {
      clocks[m.worker] = clocks_.count(m.worker) ? clocks_[m.worker] : m.from_clock;
    }
    clocks_ = clocks;
    return checked(inner_->join(now));
  }

 private:
  steps checked(steps out) const {
    for (const step& s : out) {
      if (s.what != step::kind::release) continue;
      for (const std::uint32_t worker : s.workers) {
        for (const auto& [other, clock] : clocks_) {
          if (clocks_.count(worker) == 0) continue;
          BOOST_TEST_REQUIRE(clock + bound_ >= last_.at(worker));
          *most_ = std::max(*most_, last_.at(worker) - std::min(clock, last_.at(worker)));
        }
      }
    }
    return out;
  }

  std::unique_ptr<consistency> inner_;
  std::uint64_t bound_;
  std::uint64_t* most_;
  std::map<std::uint32_t, std::uint64_t> clocks_, last_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(consistencies)

BOOST_AUTO_TEST_CASE(asynchronous_runs_end_in_any_order) {
  for (const std::string& name : names("asynchronous")) {
    for (const std::uint64_t seed : {1, 2}) {
      BOOST_TEST_CONTEXT(name << ", order " << seed) {
        whole_run run(small_job(settings_for(name, "asynchronous")), two_classes(rows));
        run.shuffle(seed);
        const auto outcome = run.finish();
        BOOST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.8);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(bounded_runs_keep_their_bound_in_any_order) {
  for (const std::string& name : names("bounded")) {
    for (const std::uint64_t bound : {1, 3}) {
      std::uint64_t most = 0;
      for (const std::uint64_t seed : {1, 2, 3}) {
        BOOST_TEST_CONTEXT(name << ", bound " << bound << ", order " << seed) {
          whole_run run(
              small_job(
                  settings_for(name, "{name: bounded, staleness: " + std::to_string(bound) + "}")),
              two_classes(rows), [&](run_plan& plan) {
                const auto make = plan.consistency.make;
                plan.consistency.make = [=, &most](const settings& options, bool decides) {
                  return std::make_unique<watched>(make(options, decides), bound, &most);
                };
              });
          run.shuffle(seed);
          const auto outcome = run.finish();
          BOOST_REQUIRE(outcome);
          check_rows(*outcome);
          BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.8);
        }
      }
      BOOST_TEST(most == bound);  // it was met
    }
  }
}

BOOST_AUTO_TEST_CASE(synchronous_runs_give_the_same_bits_in_any_order) {
  for (const std::string& name : names("synchronous")) {
    std::vector<float> first;
    for (const std::uint64_t seed : {1, 2, 3}) {
      BOOST_TEST_CONTEXT(name << ", order " << seed) {
        whole_run run(small_job(settings_for(name, "synchronous")), two_classes(rows));
        run.shuffle(seed);
        const auto outcome = run.finish();
        BOOST_REQUIRE(outcome);
        check_rows(*outcome);
        BOOST_TEST(outcome->summary["reproducible"].get<bool>());
        BOOST_TEST(outcome->summary["mean_staleness"].get<double>() == 0.0);
        BOOST_TEST(outcome->summary["test_accuracy"].get<double>() > 0.75);
        if (first.empty()) first = outcome->model->parameters;
        BOOST_TEST((outcome->model->parameters == first));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(backup_workers_lose_commits_but_no_rows) {
  std::uint64_t dropped = 0;
  for (const std::string& name : names("synchronous")) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      BOOST_TEST_CONTEXT(name << ", order " << seed) {
        auto changes = settings_for(name, "{name: synchronous, backup_workers: 2}");
        changes.insert(changes.end(), {"actors.workers=5", "actors.parameter_servers=3"});
        whole_run run(small_job(changes), two_classes(rows));
        run.shuffle(seed);
        const auto outcome = run.finish();
        BOOST_REQUIRE(outcome);
        check_rows(*outcome);
        dropped += outcome->summary["commits_dropped"].get<std::uint64_t>();
        BOOST_TEST(!outcome->summary["reproducible"].get<bool>());
      }
    }
  }
  BOOST_TEST(dropped > 50u);
}

BOOST_AUTO_TEST_CASE(a_stop_in_the_middle_leaves_nobody_waiting) {
  for (const char* consistency : {"asynchronous", "{name: bounded, staleness: 1}", "synchronous",
                                  "{name: synchronous, backup_workers: 1}"}) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      BOOST_TEST_CONTEXT(consistency << ", order " << seed) {
        auto changes = settings_for("adag", consistency);
        changes.push_back("training.epochs=100000");
        whole_run run(small_job(changes), two_classes(rows));
        run.shuffle(seed);
        run.start();
        run.where().run(1500 + 97 * seed);
        caf::anon_send(run.lead(), stop_atom::value, std::string("interrupted"));
        const auto outcome = run.finish();
        BOOST_REQUIRE(outcome);
        BOOST_TEST(outcome->stopped_by == "interrupted");
        BOOST_TEST(outcome->failure == "");
        std::uint64_t trained = 0;
        for (const auto& w : outcome->summary["per_worker"]) {
          trained += w["rows"].get<std::uint64_t>();
        }
        BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() == trained);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_diverges_leaves_nobody_waiting) {
  for (const char* consistency :
       {"{name: bounded, staleness: 1}", "synchronous", "{name: synchronous, backup_workers: 1}"}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      BOOST_TEST_CONTEXT(consistency << ", order " << seed) {
        auto changes = settings_for("downpour", consistency);
        changes.insert(changes.end(), {"optimizer.gradient_rule.learning_rate=1e38",
                                       "model.loss=mean_squared_error", "model.metrics=[]",
                                       "model.layers.1.dense.units=1"});
        whole_run run(small_job(changes), two_classes(rows));
        run.shuffle(seed);
        const auto outcome = run.finish();
        BOOST_REQUIRE(outcome);
        BOOST_TEST(outcome->stopped_by == "diverged");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(fewer_rows_than_workers) {
  for (const char* consistency :
       {"{name: bounded, staleness: 1}", "synchronous", "{name: synchronous, backup_workers: 3}"}) {
    BOOST_TEST_CONTEXT(consistency) {
      auto changes = settings_for("adag", consistency);
      changes.push_back("actors.workers=9");
      whole_run run(small_job(changes), two_classes(7));
      run.shuffle(5);
      const auto outcome = run.finish();
      BOOST_REQUIRE(outcome);
      BOOST_TEST(outcome->failure == "");
      const auto& s = outcome->summary;
      BOOST_TEST(s["rows_trained"].get<std::uint64_t>() - s["rows_repeated"].get<std::uint64_t>() ==
                 7 * epochs);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_cut_into_slices_does_not_show) {
  // Slices are written and answered a few at a time; with 22 of them some are answered before
  // others are written.
  for (const std::string& name : names("synchronous")) {
    for (const char* workers : {"1", "3"}) {
      BOOST_TEST_CONTEXT(name << ", " << workers << " workers") {
        std::vector<float> first;
        for (const char* slice : {"65536", "16"}) {
          auto changes = settings_for(name, "synchronous");
          changes.insert(changes.end(),
                         {std::string("actors.workers=") + workers, "actors.parameter_servers=1",
                          std::string("actors.slice=") + slice, "model.layers.0.dense.units=70"});
          whole_run run(small_job(changes), two_classes(rows));
          run.shuffle(4);
          const auto outcome = run.finish();
          BOOST_REQUIRE(outcome);
          if (first.empty()) first = outcome->model->parameters;
          BOOST_TEST((outcome->model->parameters == first));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(push_windows_are_kept_whatever_the_order) {
  // 126 mini-batches an epoch, pushes of 12: ten whole windows and one of six.
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    auto changes = settings_for("downpour", "asynchronous");
    changes.insert(changes.end(), {"actors.workers=1", "optimizer.push_window=12"});
    whole_run run(small_job(changes), two_classes(rows));
    run.shuffle(seed);
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    check_rows(*outcome);
    BOOST_TEST(outcome->summary["commits"].get<std::uint64_t>() == 11 * epochs);
  }
}

BOOST_AUTO_TEST_CASE(a_warm_start_ends_with_the_share_of_the_first_worker) {
  for (const char* rebalance : {"true", "false"}) {
    auto changes = settings_for("downpour", "{name: bounded, staleness: 2}");
    changes.insert(changes.end(), {"optimizer.warm_start_rows=1000",
                                   std::string("supervisor.rebalance.enabled=") + rebalance});
    whole_run run(small_job(changes), two_classes(rows));
    run.shuffle(6);
    const auto outcome = run.finish();
    BOOST_REQUIRE(outcome);
    check_rows(*outcome);
    BOOST_TEST(run.heard.has_event("warm_start_ended"));
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_was_stopped_is_not_said_to_be_reproducible) {
  auto changes = settings_for("adag", "synchronous");
  changes.push_back("training.epochs=100000");
  whole_run run(small_job(changes), two_classes(rows));
  run.start();
  run.where().run(3000);
  caf::anon_send(run.lead(), stop_atom::value, std::string("interrupted"));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(!outcome->summary["reproducible"].get<bool>());
}

BOOST_AUTO_TEST_SUITE_END()
