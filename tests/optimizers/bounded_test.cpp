// Bounded staleness decides who may go on; the equations are those of asynchronous training.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "optimizers/conversation.hpp"
#include "troupe/optimizers/consistency.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<protocol_entry> known = builtin_protocols();
const registry<consistency_entry> consistencies = builtin_consistencies();

/// Two workers of which the first is always faster: it trains as soon as it is answered, and the
/// second only while the first waits. The gate of one slice decides who is answered.
class race {
 public:
  race(const std::string& name, std::int64_t staleness, const settings& options = {})
      : entry_(known.at(name, "", "protocol")),
        talk_(entry_, setup_for(entry_, 2, 2, options), {1.0f}, 16) {
    const consistency_entry& bounded = consistencies.at("bounded", "", "consistency");
    const settings given =
        resolve(bounded.options, {{"staleness", staleness}}, {}, "consistency bounded");
    gate_ = bounded.make(given, true);
    membership both;
    both.number = 1;
    both.members = {{0, 0}, {1, 0}};
    gate_->join(both);
  }

  /// The centre after each of so many commits.
  std::vector<double> run(std::size_t commits) {
    std::vector<double> centers;
    for (std::size_t i = 0; i < commits; ++i) {
      const std::size_t k = waits_[0] ? 1 : 0;
      BOOST_TEST_REQUIRE(!waits_[k]);
      talk_.step(k, bowl);
      talk_.step(k, bowl);
      talk_.send(k);
      order_.push_back(k);
      waits_[k] = true;
      for (const consistency::step& s :
           gate_->commit(static_cast<std::uint32_t>(k), ++clocks_[k])) {
        if (s.what == consistency::step::kind::apply) talk_.deliver(k, 0);
        if (s.what != consistency::step::kind::release) continue;
        for (const std::uint32_t worker : s.workers) {
          talk_.release(worker);
          waits_[worker] = false;
        }
      }
      centers.push_back(talk_.center()[0]);
    }
    return centers;
  }

  const std::vector<std::size_t>& order() const { return order_; }

 private:
  const protocol_entry& entry_;
  conversation talk_;
  std::unique_ptr<consistency> gate_;
  std::uint64_t clocks_[2] = {0, 0};
  bool waits_[2] = {false, false};
  std::vector<std::size_t> order_;
};

void check_race(const std::string& name, const std::vector<double>& expected,
                const settings& options = {}) {
  BOOST_TEST_CONTEXT(name) {
    race runners(name, 1, options);
    const std::vector<double> got = runners.run(expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      BOOST_TEST_CONTEXT("commit " << i + 1) {
        BOOST_TEST(std::abs(got[i] - expected[i]) < 1e-6);
      }
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bounded_staleness)

BOOST_AUTO_TEST_CASE(the_faster_worker_is_held_so_many_windows_ahead) {
  race one("adag", 1), three("adag", 3);
  one.run(7);
  three.run(7);
  // One window ahead: it is held after its second commit, and from then on they take turns.
  BOOST_TEST((one.order() == std::vector<std::size_t>{0, 0, 1, 0, 1, 0, 1}));
  BOOST_TEST((three.order() == std::vector<std::size_t>{0, 0, 0, 0, 1, 0, 1}));
}

BOOST_AUTO_TEST_CASE(who_takes_over_a_slice_knows_who_may_go_on) {
  const consistency_entry& entry = consistencies.at("bounded", "", "consistency");
  const settings one = resolve(entry.options, {{"staleness", std::int64_t{1}}}, {}, "bounded");
  membership both;
  both.number = 1;
  both.members = {{0, 0}, {1, 0}};
  const auto before = entry.make(one, true), after = entry.make(one, true);
  before->join(both);
  before->commit(0, 1);
  before->commit(0, 2);
  after->recall(before->remember());
  BOOST_TEST(after->join(both).empty());
  // Applied before, and a window too far ahead: it is not applied again, and waits.
  BOOST_TEST(after->again(0, 2).empty());
  const auto steps = after->commit(1, 1);
  BOOST_TEST_REQUIRE(steps.size() == 2u);
  BOOST_TEST((steps[0].what == consistency::step::kind::apply));
  BOOST_TEST((steps[1].what == consistency::step::kind::release));
  BOOST_TEST((steps[1].workers == std::vector<std::uint32_t>{0, 1}));
}

// In the order 0, 0, 1, 0, 1 both workers start from the centre after commits 3, 5, 7. A window
// takes x from c to 0.81 c.
BOOST_AUTO_TEST_CASE(differences_are_added_in_the_order_the_gate_allows) {
  // 0.81; x 0.81 = 0.6561; less 0.19, what worker 1 did from 1; then twice 0.19 x 0.4661 less.
  check_race("downpour", {0.81, 0.6561, 0.4661, 0.377541, 0.288982, 0.23407542, 0.17916884});
  check_race("adag",
             {0.905, 0.819025, 0.724025, 0.655242625, 0.58646025, 0.53074652625, 0.4750328025});
}

BOOST_AUTO_TEST_CASE(staleness_counts_commits_while_a_worker_was_held) {
  // tau = 0, 0, 2, then 0 and 1 in turn: 0.6561 - 0.19 / 3, ...
  check_race("dynsgd", {0.81, 0.6561, 0.5927666666667, 0.480141, 0.4238281666667, 0.343300815,
                        0.3030371391667});
}

BOOST_AUTO_TEST_CASE(damping_follows_the_centre_a_worker_was_released_with) {
  // gamma = 1. 3: r = -0.095, moved 0.819025 - 1: 0.819025 - 0.095 / (0.180975^2 + 1).
  check_race("adag_thesis",
             {0.905, 0.819025, 0.7270377614937, 0.6579691741518, 0.5892285120595, 0.5332518034139,
              0.4774499438635},
             {{"gamma", 1.0}});
}

BOOST_AUTO_TEST_CASE(a_held_elastic_exchange_is_still_one_exchange) {
  // alpha = 0.45. 2: x = 0.81 x 0.8955 = 0.725355 meets c = 0.9145; worker 0 is released after
  // worker 1's exchange, but with the 0.9145 that it met.
  check_race("aeasgd", {0.9145, 0.82938475, 0.8206616125, 0.746780293, 0.70915374476875,
                        0.6562515895418, 0.6163771638095});
  check_race("eamsgd",
             {0.87805, 0.6554982025, 0.688574011375, 0.4255345438064, 0.3557584849921,
              0.1640827667675, 0.0663952810678},
             {{"learning_rate", 0.1}});
}

BOOST_AUTO_TEST_CASE(every_bounded_protocol_has_a_table_here) {
  for (const protocol_entry& entry : known.entries()) {
    if (!goes_with(entry, "bounded")) continue;
    const std::vector<std::string> here{"downpour", "adag",   "dynsgd",
                                        "aeasgd",   "eamsgd", "adag_thesis"};
    BOOST_TEST((std::find(here.begin(), here.end(), entry.name) != here.end()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
