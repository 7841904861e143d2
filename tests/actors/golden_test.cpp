// The protocols' golden trajectories, through real workers and a real server that exchange real
// messages, on the deterministic scheduler. The test plays the supervisor.

#include <boost/test/unit_test.hpp>

#include "actors/scalar_troupe.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(golden)

namespace {

const std::vector<std::string> bounded = {"optimizer.consistency={name: bounded, staleness: 1}"};
const std::vector<std::string> synchronous = {"optimizer.consistency=synchronous"};

/// Two workers taking turns, answered at once or within a bound of one window (which turns keep).
void check_trajectory(const std::string& protocol, const std::vector<double>& centers,
                      const std::vector<double>& staleness, std::vector<std::string> changes = {}) {
  for (const bool within_bound : {false, true}) {
    if (within_bound) changes.insert(changes.end(), bounded.begin(), bounded.end());
    scalar_troupe troupe(protocol, 2, 2, changes);
    if (within_bound) troupe.enrol();
    for (std::size_t i = 0; i < centers.size(); ++i) {
      BOOST_TEST_CONTEXT(protocol << ", commit " << i + 1) {
        BOOST_TEST(troupe.turn(i % 2, 2) == centers[i], boost::test_tools::tolerance(1e-6));
        const auto progress = *troupe.heard.progress.back();
        BOOST_TEST(progress.getWorker() == i % 2);
        BOOST_TEST(progress.getStaleness() == staleness[i]);
        BOOST_TEST(progress.getMiniBatches() == 2u);
        BOOST_TEST(progress.getBytesSent() == sizeof(float));
        BOOST_TEST(progress.getSequence() == i / 2 + 1);
      }
    }
  }
}

/// Rounds of two workers with two mini-batches each; the centre follows `next`.
void check_rounds(const std::string& protocol, const std::function<double(double)>& next,
                  std::vector<std::string> changes = synchronous) {
  scalar_troupe troupe(protocol, 2, 2, changes);
  troupe.enrol();
  double c = 1;
  for (int i = 0; i < 6; ++i) {
    c = next(c);
    BOOST_TEST_CONTEXT(protocol << ", round " << i + 1) {
      BOOST_TEST(troupe.round({2, 2}) == c, boost::test_tools::tolerance(2e-6));
      BOOST_TEST(troupe.heard.progress.size() == 2u * static_cast<unsigned>(i + 1));
      BOOST_TEST((*troupe.heard.progress.back()).getStaleness() == 0);
    }
  }
}

/// What two steps at rate 0.1 add to x, as a share of it.
constexpr double d = 0.81 - 1;

}  // namespace

BOOST_AUTO_TEST_CASE(downpour) {
  check_trajectory("downpour", {0.81, 0.62, 0.4661, 0.3483}, {0, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(adag) {
  check_trajectory("adag", {0.905, 0.81, 0.724025, 0.647075}, {0, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(dynsgd) {
  check_trajectory("dynsgd", {0.81, 0.715, 0.63805, 0.570125}, {0, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(aeasgd_exchanges_in_one_round_trip) {
  constexpr double alpha = 0.25;
  scalar_troupe troupe("aeasgd", 2, 2, {"optimizer.alpha=0.25"});
  double c = 1, x[2] = {1, 1};
  for (int i = 0; i < 6; ++i) {
    double& mine = x[i % 2];
    for (int step = 0; step < 2; ++step) mine -= 0.1 * mine;
    const double moved = alpha * (mine - c);
    c += moved;
    mine -= moved;
    BOOST_TEST_CONTEXT("commit " << i + 1)
    BOOST_TEST(troupe.turn(i % 2, 2) == c, boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(adag_thesis_damps_what_is_far_from_where_it_began) {
  check_trajectory("adag_thesis", {0.905, 0.810849706, 0.725630117, 0.649154787}, {0, 1, 1, 1},
                   {"optimizer.gamma=1"});
}

BOOST_AUTO_TEST_CASE(eamsgd_looks_ahead_and_exchanges) {
  constexpr double alpha = 0.25, mu = 0.5;
  for (const bool within_bound : {false, true}) {
    std::vector<std::string> changes = {"optimizer.gradient_rule=null", "optimizer.alpha=0.25",
                                        "optimizer.learning_rate=0.1", "optimizer.momentum=0.5"};
    if (within_bound) changes.push_back(bounded[0]);
    scalar_troupe troupe("eamsgd", 2, 2, changes);
    if (within_bound) troupe.enrol();
    double c = 1, x[2] = {1, 1}, v[2] = {0, 0};
    for (std::size_t i = 0; i < 6; ++i) {
      const std::size_t k = i % 2;
      for (int step = 0; step < 2; ++step) {
        v[k] = mu * v[k] - 0.1 * (x[k] + mu * v[k]);
        x[k] += v[k];
      }
      const double moved = alpha * (x[k] - c);
      c += moved;
      x[k] -= moved;
      BOOST_TEST(troupe.turn(static_cast<std::uint32_t>(k), 2) == c,
                 boost::test_tools::tolerance(1e-6));
    }
  }
}

BOOST_AUTO_TEST_CASE(overlap_merges_an_answer_one_window_later) {
  // x <- c_t + local at the end of window t + 1, which commits `local`. One worker trains, so that
  // plain adag would differ by what it starts from alone.
  for (const std::string protocol : {"adag", "adag_thesis"}) {
    std::vector<std::string> changes = {"optimizer.overlap=true"};
    const bool damped = protocol == "adag_thesis";
    if (damped) changes.push_back("optimizer.gamma=1");
    scalar_troupe troupe(protocol, 2, 2, changes);
    double x = 1, at_commit = 1, answer = 1;  // what it stands on, stood on, and was told
    std::vector<double> centers = {1};
    for (int window = 0; window < 4; ++window) {
      x += d * x;
      const double local = x - at_commit, c = centers.back();
      if (window > 0) x = answer + local;
      // It started from the centre that was merged before: the one two windows ago.
      const double stale = window < 2 ? 1 : centers[static_cast<std::size_t>(window) - 1];
      const double by = damped ? (c - stale) * (c - stale) + 1 : 1;
      answer = c + local / 2 / by;
      centers.push_back(answer);
      at_commit = x;
    }
    BOOST_TEST_CONTEXT(protocol) {
      BOOST_TEST(troupe.turn(0, 8) == centers.back(), boost::test_tools::tolerance(1e-6));
      BOOST_TEST(troupe.heard.progress.size() == 4u);
      for (const auto& progress : troupe.heard.progress) {
        BOOST_TEST((*progress).getStaleness() == 0);
        BOOST_TEST((*progress).getMiniBatches() == 2u);
      }
      // Nothing was trained since: the next window starts from the last answer.
      const double c = centers.back();
      BOOST_TEST(troupe.turn(0, 2) == c + d * c / 2, boost::test_tools::tolerance(1e-6));
    }
  }
}

BOOST_AUTO_TEST_CASE(overlap_of_elastic_exchanges_conserves_the_sum) {
  constexpr double alpha = 0.25;
  scalar_troupe troupe("aeasgd", 2, 2, {"optimizer.alpha=0.25", "optimizer.overlap=true"});
  double c = 1, x = 1, moves = 0;
  for (int window = 0; window < 3; ++window) {
    x += d * x;
    x -= moves;  // of the exchange before
    moves = alpha * (x - c);
    c += moves;
  }
  BOOST_TEST(troupe.turn(0, 6) == c, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(overlap_trains_on_while_an_answer_is_held) {
  // Within a bound of one window: the second commit is applied, and answered only when the other
  // worker has committed. By then the third window is trained, from where the second one ended.
  scalar_troupe troupe("adag", 2, 2, {"optimizer.overlap=true", bounded[0]});
  troupe.enrol();
  double x = 1 + d;
  double c = 1 + d / 2;
  const double second = d * x;
  x = c + second;
  c += second / 2;
  BOOST_TEST(troupe.turn(0, 6) == c, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(troupe.heard.progress.size() == 1u);
  const double third = d * x;
  c += d / 2 + third / 2;
  BOOST_TEST(troupe.turn(1, 2) == c, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(troupe.heard.progress.size() == 3u);
}

BOOST_AUTO_TEST_CASE(downpour_pushes_and_fetches_apart) {
  // Every number sent is counted once, and answers bring the centre where it was asked for: eight
  // mini-batches in pushes of two, with a fetch after four or after each.
  for (const auto& [fetch, received] :
       {std::pair<int, std::vector<std::uint64_t>>{4, {0, 4, 0, 4}}, {1, {8, 8, 8, 8}}}) {
    scalar_troupe troupe("downpour", 1, 2, {"optimizer.fetch_window=" + std::to_string(fetch)});
    BOOST_TEST(troupe.turn(0, 8) == std::pow(0.9, 8), boost::test_tools::tolerance(1e-6));
    BOOST_TEST_REQUIRE(troupe.heard.progress.size() == 4u);
    for (std::size_t i = 0; i < 4; ++i) {
      BOOST_TEST((*troupe.heard.progress[i]).getBytesReceived() == received[i]);
      BOOST_TEST((*troupe.heard.progress[i]).getBytesSent() == 4u);
      BOOST_TEST((*troupe.heard.progress[i]).getCommitted());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_server_rule_steps_on_differences) {
  // Dean's Adagrad: c <- c + gamma D / sqrt(sum of D^2).
  scalar_troupe troupe("downpour", 2, 2,
                       {"optimizer.server_rule={name: adagrad, learning_rate: 0.05, "
                        "accumulator: 0, epsilon: 1.0e-12}"});
  double c = 1, x[2] = {1, 1}, squares = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double difference = d * x[i % 2];
    squares += difference * difference;
    c += 0.05 * difference / std::sqrt(squares);
    x[i % 2] = c;
    BOOST_TEST(troupe.turn(static_cast<std::uint32_t>(i % 2), 2) == c,
               boost::test_tools::tolerance(1e-5));
  }
}

BOOST_AUTO_TEST_CASE(rounds_of_differences) {
  check_rounds("downpour", [](double c) { return c + 2 * d * c; });
  check_rounds("dynsgd", [](double c) { return c + 2 * d * c; });
  check_rounds("adag", [](double c) { return c + 2 * d * c / 2; });
  check_rounds("adag_thesis", [](double c) { return c + 2 * d * c / 2; });
  check_rounds("averaging", [](double c) { return c + d * c; });
  double momentum = 0;
  check_rounds("diloco", [&](double c) {
    const double g = -d * c;
    momentum = 0.9 * momentum + g;
    return c - 0.7 * (g + 0.9 * momentum);
  });
}

BOOST_AUTO_TEST_CASE(rounds_of_elastic_exchanges) {
  for (const std::string name : {"easgd", "aeasgd", "eamsgd"}) {
    double x = 1, v = 0;
    std::vector<std::string> changes = {synchronous[0], "optimizer.alpha=0.25"};
    const double mu = name == "eamsgd" ? 0.5 : 0;
    if (name == "eamsgd") {
      changes.insert(changes.end(), {"optimizer.gradient_rule=null", "optimizer.learning_rate=0.1",
                                     "optimizer.momentum=0.5"});
    }
    check_rounds(
        name,
        [&](double c) {
          for (int step = 0; step < 2; ++step) {
            v = mu * v - 0.1 * (x + mu * v);
            x += v;
          }
          const double moved = 0.25 * (x - c);
          x -= moved;
          return c + 2 * moved;
        },
        changes);
  }
}

BOOST_AUTO_TEST_CASE(rounds_weigh_by_rows_and_may_lack_some) {
  // Two mini-batches and one: rows 2 and 1.
  scalar_troupe mean("averaging", 2, 2);
  mean.enrol();
  double c = 1;
  for (int i = 0; i < 3; ++i) {
    c += c * (2 * d + 1 * (0.9 - 1)) / 3;
    BOOST_TEST(mean.round({2, 1}) == c, boost::test_tools::tolerance(2e-6));
  }
  // A worker without rows takes part and changes nothing.
  c += c * d;
  BOOST_TEST(mean.round({0, 2}) == c, boost::test_tools::tolerance(2e-6));
  BOOST_TEST(
      (*mean.heard.progress.back()).getRows() + (*mean.heard.progress.rbegin()[1]).getRows() == 2u);
  scalar_troupe sums("downpour", 2, 2, synchronous);
  sums.enrol();
  BOOST_TEST(sums.round({2, 1}) == 1 + d - 0.1, boost::test_tools::tolerance(2e-6));
}

BOOST_AUTO_TEST_CASE(rounds_of_gradients) {
  scalar_troupe troupe("sync_sgd", 2, 1);
  troupe.enrol();
  double c = 1;
  for (int i = 0; i < 5; ++i) {
    c -= 0.1 * c;
    BOOST_TEST(troupe.round({1, 1}) == c, boost::test_tools::tolerance(2e-6));
  }
}

BOOST_AUTO_TEST_CASE(hogwild_workers_change_one_vector) {
  scalar_troupe troupe("hogwild", 2, 2);
  double x = 1;
  for (std::uint32_t i = 0; i < 6; ++i) {
    x *= 0.81;  // whoever steps, steps on from where the other one left
    BOOST_TEST(troupe.turn(i % 2, 2) == x, boost::test_tools::tolerance(2e-6));
    BOOST_TEST(!(*troupe.heard.progress.back()).getCommitted());
  }
}

BOOST_AUTO_TEST_CASE(sequential_publishes_and_goes_on) {
  scalar_troupe troupe("sequential", 1, 2);
  double x = 1;
  for (int i = 0; i < 4; ++i) {
    for (int step = 0; step < 2; ++step) x -= 0.1 * x;
    BOOST_TEST(troupe.turn(0, 2) == x, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(!(*troupe.heard.progress.back()).getCommitted());
  }
}

BOOST_AUTO_TEST_CASE(a_short_last_window_is_committed_and_divided_by_its_own_mini_batches) {
  scalar_troupe troupe("adag", 1, 4);
  // 3 of 4 mini-batches: x = 0.9^3, D/3.
  BOOST_TEST(troupe.turn(0, 3) == 1 + (0.729 - 1) / 3, boost::test_tools::tolerance(1e-6));
  BOOST_TEST((*troupe.heard.progress.back()).getMiniBatches() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
