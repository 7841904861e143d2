// A run that goes on from a checkpoint trains every row of every epoch once, and, where nothing
// depends on the order of messages, ends with the same bits.

#include <boost/test/unit_test.hpp>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::size_t rows = 400;

std::vector<std::string> keys(const std::string& protocol, const std::string& consistency,
                              std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"optimizer.protocol=" + protocol,
                             "optimizer.consistency=" + consistency, "training.evaluate_every=0"});
  return more;
}

void check_whole(const run_outcome& outcome) {
  const auto& s = outcome.summary;
  const std::uint64_t models = s.contains("members") ? s["members"].get<std::uint64_t>() : 1;
  BOOST_TEST(outcome.stopped_by == "epochs");
  BOOST_TEST(s["rows_trained"].get<std::uint64_t>() - s["rows_repeated"].get<std::uint64_t>() ==
             models * s["rows_per_epoch"].get<std::uint64_t>() * s["epochs"].get<std::uint64_t>());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(resuming)

BOOST_AUTO_TEST_CASE(every_row_is_in_the_books_or_comes_again) {
  std::size_t resumed = 0;
  const std::vector<std::vector<std::string>> jobs = {
      keys("downpour", "asynchronous"),
      keys("adag", "{name: bounded, staleness: 1}"),
      keys("aeasgd", "{name: bounded, staleness: 3}"),
      keys("adag_thesis", "asynchronous"),
      keys("adag", "synchronous"),
      keys("downpour", "{name: synchronous, backup_workers: 1}"),
      keys("diloco", "synchronous"),
      keys("averaging", "synchronous", {"optimizer.communication_window=4"}),
      keys("downpour", "asynchronous", {"supervisor.rebalance.enabled=false"}),
      keys("downpour", "asynchronous", {"optimizer.push_window=3", "optimizer.fetch_window=2"}),
      {"optimizer.protocol=ensemble", "training.evaluate_every=0"},
      {"optimizer.protocol=sequential", "actors.workers=1", "training.evaluate_every=0"},
  };
  for (const auto& overrides : jobs) {
    for (const std::uint64_t seed : {1, 2}) {
      BOOST_TEST_CONTEXT(overrides[0] << ", order " << seed) {
        const job of = small_job(overrides);
        whole_run first(of, two_classes(rows));
        first.keep_every(23);
        first.shuffle(seed);
        const auto outcome = first.finish();
        BOOST_REQUIRE(outcome);
        check_whole(*outcome);
        for (std::size_t i = 0; i < first.kept.size(); i += 1 + first.kept.size() / 4) {
          whole_run next(of, two_classes(rows), {}, false, first.kept[i]);
          next.shuffle(seed + 10);
          const auto end = next.finish();
          BOOST_REQUIRE(end);
          BOOST_TEST(next.heard.has_event("resumed"));
          check_whole(*end);
          BOOST_TEST(end->summary["test_accuracy"].get<double>() > 0.8);
          ++resumed;
        }
      }
    }
  }
  BOOST_TEST(resumed >= 24u);
}

BOOST_AUTO_TEST_CASE(what_depends_on_rows_alone_ends_with_the_same_bits) {
  const std::vector<std::vector<std::string>> jobs = {
      {"optimizer.protocol=sync_sgd", "optimizer.gradient_rule={name: adam, learning_rate: 0.01}"},
      {"optimizer.protocol=diloco", "optimizer.communication_window=3"},
      {"optimizer.protocol=downpour", "optimizer.consistency=synchronous",
       "optimizer.server_rule={name: momentum, learning_rate: 0.5}"},
  };
  for (auto overrides : jobs) {
    BOOST_TEST_CONTEXT(overrides[0]) {
      overrides.push_back("supervisor.rebalance.enabled=false");
      overrides.push_back("training.evaluate_every=0");
      const job of = small_job(overrides);
      whole_run first(of, two_classes(rows));
      first.keep_every(31);
      first.shuffle(5);
      const auto outcome = first.finish();
      BOOST_REQUIRE(outcome);
      BOOST_TEST_REQUIRE(first.kept.size() > 0u);
      for (const checkpoint_ptr& kept : first.kept) {
        whole_run next(of, two_classes(rows), {}, false, kept);
        next.shuffle(6);
        const auto end = next.finish();
        BOOST_REQUIRE(end);
        check_whole(*end);
        BOOST_TEST(end->model->parameters == outcome->model->parameters,
                   boost::test_tools::per_element());
        BOOST_TEST(end->summary["rows_repeated"] == 0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_size_is_refused) {
  const job of = small_job({"training.evaluate_every=0"});
  whole_run first(of, two_classes(rows));
  first.keep_every(40);
  BOOST_REQUIRE(first.finish());
  BOOST_TEST_REQUIRE(first.kept.size() > 0u);
  auto spoilt = std::make_shared<checkpoint>(*first.kept[0]);
  spoilt->books[0].stocks[0].at = 1u << 20;
  whole_run next(of, two_classes(rows), {}, false, spoilt);
  const auto end = next.finish();
  BOOST_REQUIRE(end);
  BOOST_TEST(end->failure == "checkpoint: its books do not fit the run");
}

BOOST_AUTO_TEST_SUITE_END()
