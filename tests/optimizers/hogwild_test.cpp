#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "optimizers/conversation.hpp"
#include "troupe/optimizers/shared_parameters.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const protocol_entry& hogwild() {
  static const registry<protocol_entry> known = builtin_protocols();
  return known.at("hogwild", "", "protocol");
}

std::vector<float> all_of(const shared_parameters& shared) {
  std::vector<float> out(shared.size());
  shared.load(0, out);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hogwild_training)

BOOST_AUTO_TEST_CASE(parts_are_loaded_and_added_to) {
  shared_parameters shared(4);
  BOOST_TEST((all_of(shared) == std::vector<float>{0, 0, 0, 0}));
  shared.start(std::vector<float>{1, 2, 3, -0.0f});
  shared.add(1, std::vector<float>{10, 20});
  BOOST_TEST((all_of(shared) == std::vector<float>{1, 12, 23, 0}));
  std::vector<float> part(2);
  shared.load(2, part);
  BOOST_TEST((part == std::vector<float>{23, 0}));
  // An update of zero is no update: -0 + 0 would be 0.
  shared.add(3, std::vector<float>{0});
  BOOST_TEST(std::signbit(all_of(shared)[3]));
}

BOOST_AUTO_TEST_CASE(only_the_first_start_counts) {
  shared_parameters shared(2);
  shared.start(std::vector<float>{1, 2});
  shared.add(0, std::vector<float>{1, 1});
  shared.start(std::vector<float>{1, 2});
  BOOST_TEST((all_of(shared) == std::vector<float>{2, 3}));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_a_broken_promise) {
  shared_parameters shared(4);
  std::vector<float> two(2), five(5);
  BOOST_CHECK_THROW(shared.load(3, two), std::logic_error);
  BOOST_CHECK_THROW(shared.add(3, two), std::logic_error);
  BOOST_CHECK_THROW(shared.add(std::numeric_limits<std::size_t>::max(), two), std::logic_error);
  BOOST_CHECK_THROW(shared.start(five), std::logic_error);
}

BOOST_AUTO_TEST_CASE(threads_that_add_to_different_parts_lose_nothing) {
  constexpr std::size_t half = 512;
  constexpr int times = 2000;
  shared_parameters shared(2 * half);
  const auto adds = [&](std::size_t first, float by) {
    const std::vector<float> update(half, by);
    for (int i = 0; i < times; ++i) shared.add(first, update);
  };
  std::thread other(adds, half, 2.0f);
  adds(0, 1.0f);
  other.join();
  const std::vector<float> got = all_of(shared);
  for (std::size_t i = 0; i < got.size(); ++i) {
    BOOST_TEST_REQUIRE(got[i] == (i < half ? times : 2.0f * times));
  }
}

BOOST_AUTO_TEST_CASE(threads_that_add_to_the_same_part_lose_at_most_updates) {
  constexpr std::size_t count = 256;
  constexpr int times = 2000;
  shared_parameters shared(count);
  const auto adds = [&] {
    const std::vector<float> update(count, 1.0f);
    for (int i = 0; i < times; ++i) shared.add(0, update);
  };
  std::thread other(adds);
  adds();
  std::vector<float> seen(count);
  shared.load(0, seen);  // while the other may be adding
  other.join();
  const std::vector<float> got = all_of(shared);
  for (std::size_t i = 0; i < count; ++i) {
    // Whole numbers: no component was ever half of one value and half of another.
    BOOST_TEST_REQUIRE(got[i] == std::floor(got[i]));
    BOOST_TEST_REQUIRE(seen[i] == std::floor(seen[i]));
    BOOST_TEST_REQUIRE(got[i] >= 1.0f);
    BOOST_TEST_REQUIRE(got[i] <= 2.0f * times);
  }
}

BOOST_AUTO_TEST_CASE(workers_in_turn_train_one_model) {
  // Each step of anyone takes the one x to 0.9 x.
  conversation talk(hogwild(), setup_for(hogwild(), 3, 2), {1.0f, -2.0f}, 16);
  for (int i = 0; i < 9; ++i) {
    const auto k = static_cast<std::size_t>(i * 2 % 3);
    const intent wants = talk.step(k, bowl);
    BOOST_TEST(std::abs(talk.x(k)[0] - std::pow(0.9, i + 1)) < 1e-6);
    BOOST_TEST(std::abs(talk.x(k)[1] + 2 * std::pow(0.9, i + 1)) < 1e-6);
    BOOST_TEST((wants == (i / 3 % 2 == 1 ? intent::publish : intent::none)));
    talk.follow(k, wants);
  }
  // Whoever publishes, the centre is what all have trained.
  talk.step(0, bowl);
  talk.commit(1);
  BOOST_TEST(std::abs(talk.center()[0] - std::pow(0.9, 10)) < 1e-6);
}

BOOST_AUTO_TEST_CASE(steps_at_the_same_time_add_up) {
  protocol_setup setup = setup_for(hogwild(), 2, 10);
  setup.shared = std::make_shared<shared_parameters>(1);
  std::vector<float> x[2] = {{1.0f}, {1.0f}}, g{1.0f};
  std::unique_ptr<worker_half> workers[2];
  for (const std::size_t k : {0, 1}) {
    workers[k] = hogwild().make_worker(setup);
    workers[k]->start(x[k]);
  }
  const auto rule = make_rule(setup.rule, 1);
  // Both take their gradient at 1, then both add -0.1.
  for (const std::size_t k : {0, 1}) workers[k]->point(x[k]);
  for (const std::size_t k : {0, 1}) workers[k]->local_step(rule.get(), x[k], g, 0);
  BOOST_TEST(std::abs(x[1][0] - 0.9f) < 1e-6f);
  BOOST_TEST(std::abs(all_of(*setup.shared)[0] - 0.8f) < 1e-6f);
  BOOST_TEST(std::abs(workers[0]->point(x[0])[0] - 0.8f) < 1e-6f);
}

BOOST_AUTO_TEST_CASE(what_diverged_is_not_published) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  protocol_setup setup = setup_for(hogwild(), 2, 10);
  setup.shared = std::make_shared<shared_parameters>(3);
  const auto server = hogwild().make_server(setup, {0, 1, 2});
  setup.shared->start(std::vector<float>{1, 2, 3});
  const std::vector<float> center{0, 0}, payload{7, 7}, bad{7, nan};
  std::vector<float> next(2);
  commit_view view;
  view.payload = payload;
  BOOST_TEST(server->apply(view, center, next));
  BOOST_TEST((next == std::vector<float>{2, 3}));
  view.payload = bad;
  BOOST_TEST(!server->apply(view, center, next));
  view.payload = payload;
  setup.shared->add(2, std::vector<float>{nan});
  BOOST_TEST(!server->apply(view, center, next));
}

BOOST_AUTO_TEST_SUITE_END()
