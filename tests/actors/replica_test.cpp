#include "troupe/actors/replica.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "actors/plan_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::size_t row_count = 10;

/// y = w . x + b over two features, by mean squared error, with sgd at rate 0.1.
std::shared_ptr<run_plan> line_plan(const std::string& optimizer,
                                    const std::string& actors = "{workers: 1}") {
  return plan_over(job_around("{input: [2], layers: [{dense: {units: 1}}], "
                              "loss: mean_squared_error}",
                              optimizer, "{epochs: 2, batch_size: 4}", actors),
                   numbered_rows(row_count, {2}, element_type::f32));
}

const std::string sgd = "gradient_rule: {name: sgd, learning_rate: 0.1}}";

/// Ten rows with their labels, cut into mini-batches of four, four and two.
struct rows_of_a_line {
  rows_of_a_line() {
    for (std::size_t r = 0; r < row_count; ++r) {
      const double at = static_cast<double>(r);
      features.push_back(static_cast<float>(std::sin(at)));
      features.push_back(static_cast<float>(std::cos(2 * at)));
      labels.push_back(static_cast<float>(0.3 * at - 1));
    }
  }
  mini_batch rows(std::uint32_t epoch, std::uint64_t first, std::uint64_t last) const {
    return {epoch, {first, last}, {last - first, &features[2 * first], &labels[first], 1}};
  }
  mini_batch batch(std::uint32_t epoch, std::uint64_t i) const {
    return rows(epoch, 4 * i, std::min<std::uint64_t>(4 * i + 4, row_count));
  }
  std::vector<float> features, labels;
};

/// The same training written out, in double.
struct line {
  double w[2] = {0.5, -0.25}, b = 0.125;

  /// One step; the sum of the squared errors before it.
  double step(const mini_batch& m) {
    double gw[2] = {0, 0}, gb = 0, sum = 0;
    for (std::size_t r = 0; r < m.rows.rows; ++r) {
      const double x0 = m.rows.features[2 * r], x1 = m.rows.features[2 * r + 1];
      const double off = w[0] * x0 + w[1] * x1 + b - m.rows.labels[r];
      sum += off * off;
      gw[0] += 2 * off * x0;
      gw[1] += 2 * off * x1;
      gb += 2 * off;
    }
    const double rate = 0.1 / static_cast<double>(m.rows.rows);
    w[0] -= rate * gw[0];
    w[1] -= rate * gw[1];
    b -= rate * gb;
    return sum;
  }
};

const std::vector<float> start{0.5f, -0.25f, 0.125f};

std::vector<float> written(replica& r, std::size_t count = 3) {
  std::vector<float> out(count);
  r.write(0, r.window().facts, out);
  return out;
}

void begin(replica& r) {
  r.install(0, start);
  r.start();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replicas)

BOOST_AUTO_TEST_CASE(alone_it_is_the_plain_training_loop) {
  const rows_of_a_line data;
  replica one(line_plan("{protocol: sequential, " + sgd));
  begin(one);
  line by_hand;
  for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
    one.close_window();
    double loss = 0;
    for (std::uint64_t i = 0; i < 3; ++i) {
      const mini_batch rows = data.batch(epoch, i);
      BOOST_TEST((one.step(rows) == intent::none));
      loss += by_hand.step(rows);
    }
    const replica::window_sums& sums = one.window();
    BOOST_TEST(std::abs(sums.loss_sum - loss) < 1e-4);
    BOOST_TEST(sums.facts.mini_batches == 3u);
    BOOST_TEST(sums.facts.rows == row_count);
    BOOST_TEST(sums.epoch == epoch);
    BOOST_TEST(sums.correct == 0u);
    BOOST_TEST_REQUIRE(sums.ranges.size() == 1u);
    BOOST_TEST((sums.ranges[0] == position_range{0, row_count}));
  }
  BOOST_TEST(one.mini_batches() == 6u);
  BOOST_TEST(one.finite());
  const std::vector<float> x = written(one);
  BOOST_TEST(std::abs(x[0] - by_hand.w[0]) < 1e-5);
  BOOST_TEST(std::abs(x[1] - by_hand.w[1]) < 1e-5);
  BOOST_TEST(std::abs(x[2] - by_hand.b) < 1e-5);
}

BOOST_AUTO_TEST_CASE(a_window_lists_what_was_trained_in_it) {
  const rows_of_a_line data;
  replica one(line_plan("{protocol: downpour, communication_window: 3, " + sgd));
  begin(one);
  BOOST_TEST((one.step(data.rows(1, 0, 2)) == intent::none));
  BOOST_TEST((one.step(data.rows(1, 2, 4)) == intent::none));
  BOOST_TEST((one.step(data.rows(1, 8, 10)) == intent::commit));
  const std::vector<position_range> expected{{0, 4}, {8, 10}};
  BOOST_TEST((one.window().ranges == expected));
  BOOST_TEST(one.window().facts.rows == 6u);
  BOOST_TEST(one.window().epoch == 1u);
  BOOST_TEST((one.closing() == intent::commit));
  one.close_window();
  BOOST_TEST(one.window().ranges.empty());
  BOOST_TEST(one.window().facts.mini_batches == 0u);
  BOOST_TEST(one.window().facts.rows == 0u);
  BOOST_TEST(one.window().loss_sum == 0.0);
  BOOST_TEST(one.mini_batches() == 3u);
}

BOOST_AUTO_TEST_CASE(a_commit_holds_what_the_window_changed) {
  const rows_of_a_line data;
  replica one(line_plan("{protocol: downpour, communication_window: 2, " + sgd));
  begin(one);
  line by_hand;
  for (std::uint64_t i = 0; i < 2; ++i) {
    one.step(data.batch(0, i));
    by_hand.step(data.batch(0, i));
  }
  const std::vector<float> sent = written(one);
  BOOST_TEST(std::abs(sent[0] - (by_hand.w[0] - start[0])) < 1e-5);
  BOOST_TEST(std::abs(sent[2] - (by_hand.b - start[2])) < 1e-5);
  // It goes on from the answer, also from that to a repeat.
  const std::vector<float> center{3, 2, 1}, zero(3, 0.0f);
  for (const auto what : {replica::news::applied, replica::news::repeat, replica::news::dropped}) {
    one.answered(0, what, sent, center);
    one.close_window();
    BOOST_TEST((written(one) == zero));
  }
}

BOOST_AUTO_TEST_CASE(an_elastic_replica_moves_and_leaves_repeats_alone) {
  replica one(line_plan("{protocol: aeasgd, alpha: 0.5, " + sgd));
  begin(one);
  const std::vector<float> sent = written(one), center{1.5f, -1.25f, 0.125f};
  BOOST_TEST((sent == start));
  one.answered(0, replica::news::repeat, sent, center);
  BOOST_TEST((written(one) == start));
  one.answered(0, replica::news::applied, sent, center);
  BOOST_TEST((written(one) == std::vector<float>{1.0f, -0.75f, 0.125f}));
}

BOOST_AUTO_TEST_CASE(slices_are_parts_of_one_vector) {
  // Two servers: 20 x 2 + 20 + 20 + 1 parameters in slices of 48 and 33.
  const auto plan = plan_over(job_around("{input: [2], layers: [{dense: {units: 20}}, {dense: "
                                         "{units: 1}}], loss: mean_squared_error}",
                                         "{protocol: sequential}", "{epochs: 1, batch_size: 4}",
                                         "{workers: 1, parameter_servers: 2}"),
                              numbered_rows(row_count, {2}, element_type::f32));
  BOOST_TEST_REQUIRE(plan->slices.size() == 2u);
  BOOST_TEST(plan->slice_count() == 2u);
  replica one(plan);
  for (std::size_t s = 0; s < 2; ++s) {
    std::vector<float> center(plan->range_of(s).count, static_cast<float>(s + 1));
    one.install(s, center);
  }
  one.start();
  for (std::size_t s = 0; s < 2; ++s) {
    const std::size_t count = plan->range_of(s).count;
    BOOST_TEST(
        (written(one, plan->slices[0].count) == std::vector<float>(plan->slices[0].count, 1.0f)));
    std::vector<float> out(count);
    one.write(s, one.window().facts, out);
    BOOST_TEST((out == std::vector<float>(count, static_cast<float>(s + 1))));
  }
}

BOOST_AUTO_TEST_CASE(batch_statistics_are_a_slice_of_their_own) {
  const rows_of_a_line data;
  const auto plan =
      plan_over(job_around("{input: [2], layers: [batch_normalization, {dense: {units: 1}}], "
                           "loss: mean_squared_error}",
                           "{protocol: aeasgd, communication_window: 1, " + sgd,
                           "{epochs: 1, batch_size: 4}"),
                numbered_rows(row_count, {2}, element_type::f32));
  BOOST_TEST_REQUIRE(plan->has_statistics());
  BOOST_TEST(plan->slice_count() == plan->slices.size() + 1);
  const std::size_t slice = plan->slices.size(), count = plan->range_of(slice).count;
  BOOST_TEST(count == 4u);  // mean and variance of two features
  replica one(plan);
  const std::vector<float> parameters(plan->range_of(0).count, 0.5f), mean(count, 1.0f);
  one.install(0, parameters);
  one.install(slice, mean);
  one.start();
  std::vector<float> sent(count);
  one.write(slice, one.window().facts, sent);
  BOOST_TEST((sent == mean));
  one.step(data.batch(0, 0));
  one.write(slice, one.window().facts, sent);
  BOOST_TEST((sent != mean));
  // Whatever the protocol, and repeat or not, it goes on with the answer.
  std::vector<float> now(count);
  for (const auto what : {replica::news::repeat, replica::news::applied}) {
    const std::vector<float> answer(count, what == replica::news::repeat ? 2.0f : 3.0f);
    one.answered(slice, what, sent, answer);
    one.write(slice, one.window().facts, now);
    BOOST_TEST((now == answer));
  }
}

BOOST_AUTO_TEST_CASE(correct_rows_are_counted_where_there_are_classes) {
  const auto plan =
      plan_over(job_around("{input: [2], layers: [{dense: {units: 2, activation: "
                           "softmax}}]}",
                           "{protocol: sequential, " + sgd, "{epochs: 1, batch_size: 4}"),
                numbered_rows(row_count, {2}, element_type::f32));
  replica one(plan);
  one.install(0, std::vector<float>{1, 0, 0, 1, 0, 0});  // the larger feature's class
  one.start();
  const std::vector<float> features{2, 1, 1, 2, 5, 0, 0, 5}, labels{0, 1, 1, 1};
  one.step({0, {0, 4}, {4, features.data(), labels.data(), 1}});
  BOOST_TEST(one.window().correct == 3u);
  BOOST_TEST(one.window().loss_sum > 5.0);  // the third row is far off
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_not_finite_is_remembered) {
  const rows_of_a_line data;
  replica one(line_plan("{protocol: sequential, " + sgd));
  one.install(0, std::vector<float>(3, std::numeric_limits<float>::infinity()));
  one.start();
  BOOST_TEST(one.finite());
  one.step(data.batch(0, 0));
  BOOST_TEST(!one.finite());
  one.install(0, start);
  one.step(data.batch(0, 1));
  BOOST_TEST(!one.finite());
}

BOOST_AUTO_TEST_SUITE_END()
