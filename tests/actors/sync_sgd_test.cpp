// sync_sgd with n workers is one worker with mini-batches n times as large: whole runs of real
// actors.

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

std::vector<float> trained(const std::vector<std::string>& changes, std::size_t rows) {
  std::vector<std::string> all = {
      // In slices of 16 more than are under way at a time: some are answered before others are
      // written.
      "model.layers=[{dense: {units: 40, activation: tanh}}, {dropout: {rate: 0.3}}, "
      "{dense: {units: 2}}]",
      "supervisor.rebalance.enabled=false", "training.epochs=2"};
  all.insert(all.end(), changes.begin(), changes.end());
  whole_run run(small_job(all), two_classes(rows));
  run.shuffle(3);
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->failure == "");
  BOOST_TEST(outcome->summary["rows_trained"].get<std::uint64_t>() == 2 * rows);
  return outcome->model->parameters;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sync_sgd)

BOOST_AUTO_TEST_CASE(n_workers_are_one_with_an_n_times_larger_batch) {
  constexpr std::uint32_t batch = 6;
  const std::vector<std::string> rules = {"{name: sgd, learning_rate: 0.3}",
                                          "{name: momentum, learning_rate: 0.1, momentum: 0.9}"};
  for (const std::uint32_t workers : {2u, 3u, 4u}) {
    // 25 steps an epoch; in the last one the shares are unequal: one and a half mini-batches.
    const std::size_t rows = 24 * workers * batch + batch + batch / 2;
    for (const std::string& rule : rules) {
      BOOST_TEST_CONTEXT(workers << " workers, " << rule) {
        const auto many = trained(
            {"optimizer.protocol=sync_sgd", "optimizer.communication_window=null",
             "optimizer.gradient_rule=" + rule, "training.batch_size=" + std::to_string(batch),
             "actors.workers=" + std::to_string(workers)},
            rows);
        const auto one =
            trained({"optimizer.protocol=sequential", "optimizer.gradient_rule=" + rule,
                     "training.batch_size=" + std::to_string(batch * workers), "actors.workers=1"},
                    rows);
        BOOST_TEST_REQUIRE(many.size() == one.size());
        float largest = 0, apart = 0;
        for (std::size_t i = 0; i < one.size(); ++i) {
          largest = std::max(largest, std::abs(one[i]));
          apart = std::max(apart, std::abs(one[i] - many[i]));
        }
        BOOST_TEST(largest > 0.1f);
        BOOST_TEST(apart <= 1e-5f * largest);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
