#include "troupe/actors/row_feed.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/plan_fixture.hpp"
#include "troupe/actors/data_shard.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

// 128 x 128 values a row make chunks of 16 rows: 262,144 values, a multiple of four rows.
constexpr std::size_t values = 128 * 128, batch_size = 4, chunk = 16;

/// A feed with its shards, which answer when the test says so.
class farm {
 public:
  farm(std::size_t row_count, std::uint32_t shards, element_type type = element_type::u8,
       const std::vector<transform_spec>& transforms = {})
      : rows(numbered_rows(row_count, {128, 128}, type)),
        plan(plan_over(job_around("{input: [128, 128], layers: [flatten, {dense: {units: 1}}], "
                                  "loss: mean_squared_error}",
                                  "{protocol: adag}", "{epochs: 3, batch_size: 4}"),
                       rows, transforms)),
        firsts_(cut_shards(row_count, shards)),
        feed(plan, firsts_) {
    for (std::uint32_t s = 0; s < shards; ++s) {
      data_shard_state state;
      state.plan = plan;
      state.rows = rows;
      state.owned = {firsts_[s], s + 1 < shards ? firsts_[s + 1] : row_count};
      shards_.push_back(std::move(state));
    }
  }

  rows_msg answer(std::size_t shard, const row_feed::request& wanted) {
    wire_builder<schema::Fetch> fetch;
    fetch->setRun(plan->run);
    fetch->setEpoch(wanted.epoch);
    fetch->setFirst(wanted.range.first);
    fetch->setLast(wanted.range.last);
    return shards_[shard].fetch(*std::move(fetch).finish());
  }

  /// Asks and answers all that may be asked; the newest request first, the last shard first.
  void serve() {
    std::vector<row_feed::request> wanted;
    while (const auto next = feed.next_request()) wanted.push_back(*next);
    for (auto w = wanted.rbegin(); w != wanted.rend(); ++w) {
      for (std::size_t s = shards_.size(); s-- > 0;) BOOST_TEST(feed.arrived(s, answer(s, *w)));
    }
  }

  std::shared_ptr<dataset> rows;
  std::shared_ptr<run_plan> plan;

 private:
  std::vector<std::uint64_t> firsts_;
  std::vector<data_shard_state> shards_;

 public:
  row_feed feed;
};

lease lease_of(std::uint32_t epoch, std::uint64_t first, std::uint64_t last) {
  return {first + 1, 0, epoch, {first, last}, 0, false};
}

/// Whether the mini-batch holds the permutation's rows, with y = scale x.
void check_rows(const farm& f, const mini_batch& got, double scale) {
  const epoch_order order = f.plan->order_of(got.epoch);
  BOOST_TEST_REQUIRE(got.rows.rows == got.range.size());
  BOOST_TEST_REQUIRE(got.rows.label_width == 1u);
  for (std::size_t i = 0; i < got.rows.rows; ++i) {
    const std::uint64_t row = order.row(got.range.first + i);
    BOOST_TEST(got.rows.labels[i] == static_cast<float>(row));
    std::size_t wrong = 0;
    for (std::size_t v = 0; v < values; ++v) {
      const double expected = static_cast<double>((7 * row + v) % 256) * scale;
      wrong += std::abs(got.rows.features[i * values + v] - expected) > 1e-5;
    }
    BOOST_TEST(wrong == 0u);
  }
}

/// Takes all that is leased; the ranges it came in.
std::vector<position_range> take_all(farm& f, double scale = 1) {
  std::vector<position_range> out;
  f.serve();
  while (f.feed.ready()) {
    const mini_batch got = f.feed.take();
    check_rows(f, got, scale);
    out.push_back(got.range);
    f.serve();
  }
  BOOST_TEST(f.feed.empty());
  return out;
}

/// A message of rows that says what the test wants it to say.
struct forged {
  std::uint32_t epoch = 0;
  std::uint64_t first = 0, last = 4;
  std::uint32_t rows = 4;
  std::uint16_t type = 0;
  std::size_t feature_bytes = 4 * values, label_bytes = 4 * sizeof(float);

  rows_msg message() const {
    wire_builder<schema::Rows> out;
    out->setEpoch(epoch);
    out->setFirst(first);
    out->setLast(last);
    out->setRows(rows);
    out->setType(static_cast<schema::ElementType>(type));
    out->initFeatures(static_cast<unsigned>(feature_bytes));
    out->initLabels(static_cast<unsigned>(label_bytes));
    return std::move(out).finish();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(row_feeds)

BOOST_AUTO_TEST_CASE(mini_batches_are_the_permutations_rows_in_order) {
  for (const std::uint32_t shards : {1u, 2u, 3u}) {
    for (const element_type type : {element_type::u8, element_type::f32}) {
      farm f(61, shards, type);
      f.feed.assign(lease_of(1, 0, 40));
      f.feed.assign(lease_of(1, 40, 61));
      const std::vector<position_range> got = take_all(f);
      std::uint64_t at = 0;
      for (const position_range& range : got) {
        BOOST_TEST(range.first == at);
        BOOST_TEST(range.size() == std::min<std::uint64_t>(batch_size, 61 - at));
        at = range.last;
      }
      BOOST_TEST(at == 61u);
    }
  }
}

BOOST_AUTO_TEST_CASE(transforms_are_applied) {
  const std::vector<transform_spec> unit = {
      {"min_max", {{"from", integers{0, 255}}, {"to", integers{0, 1}}}}};
  for (const std::uint32_t shards : {1u, 3u}) {
    farm f(20, shards, element_type::u8, unit);
    f.feed.assign(lease_of(0, 0, 20));
    BOOST_TEST(take_all(f, 1.0 / 255).size() == 5u);
  }
}

BOOST_AUTO_TEST_CASE(a_lease_may_end_in_a_short_mini_batch) {
  farm f(61, 2);
  f.feed.assign(lease_of(0, 8, 18));
  f.feed.assign(lease_of(2, 60, 61));
  const std::vector<position_range> got = take_all(f);
  const std::vector<position_range> expected{{8, 12}, {12, 16}, {16, 18}, {60, 61}};
  BOOST_TEST((got == expected));
}

BOOST_AUTO_TEST_CASE(more_shards_than_rows_of_a_chunk) {
  farm f(3, 3);
  f.feed.assign(lease_of(0, 1, 2));  // two of the shards have none of it
  const std::vector<position_range> got = take_all(f);
  BOOST_TEST_REQUIRE(got.size() == 1u);
  BOOST_TEST(got[0].size() == 1u);
}

BOOST_AUTO_TEST_CASE(at_most_two_chunks_are_under_way) {
  farm f(100, 2);
  BOOST_TEST(!f.feed.next_request());
  f.feed.assign(lease_of(0, 0, 100));
  const auto one = f.feed.next_request(), two = f.feed.next_request();
  BOOST_TEST_REQUIRE((one && two));
  BOOST_TEST((one->range == position_range{0, chunk}));
  BOOST_TEST((two->range == position_range{chunk, 2 * chunk}));
  BOOST_TEST(!f.feed.next_request());
  BOOST_TEST(!f.feed.ready());
  BOOST_TEST(f.feed.arrived(0, f.answer(0, *one)));
  BOOST_TEST(!f.feed.ready());
  // The second chunk alone is no use: mini-batches come in order.
  for (const std::size_t s : {0, 1}) BOOST_TEST(f.feed.arrived(s, f.answer(s, *two)));
  BOOST_TEST(!f.feed.ready());
  BOOST_TEST(f.feed.arrived(1, f.answer(1, *one)));
  for (std::size_t i = 0; i < chunk / batch_size; ++i) {
    BOOST_TEST(!f.feed.next_request());
    BOOST_TEST_REQUIRE(f.feed.ready());
    check_rows(f, f.feed.take(), 1);
  }
  const auto three = f.feed.next_request();
  BOOST_TEST_REQUIRE(three.has_value());
  BOOST_TEST((three->range == position_range{2 * chunk, 3 * chunk}));
  BOOST_TEST(!f.feed.next_request());
}

BOOST_AUTO_TEST_CASE(rows_that_do_not_fit_are_refused) {
  farm f(100, 1);
  f.feed.assign(lease_of(0, 0, 4));
  BOOST_TEST(!f.feed.arrived(0, forged().message()));  // not asked for
  BOOST_TEST_REQUIRE(f.feed.next_request().has_value());
  auto refused = [&](auto change, std::size_t shard = 0) {
    forged rows;
    change(rows);
    return !f.feed.arrived(shard, rows.message()) && !f.feed.ready();
  };
  BOOST_TEST(refused([](forged& r) { r.epoch = 1; }));
  BOOST_TEST(refused([](forged& r) { r.first = 1; }));
  BOOST_TEST(refused([](forged& r) { r.last = 5; }));
  BOOST_TEST(refused([](forged& r) { r.rows = 3; }));
  BOOST_TEST(refused([](forged& r) { r.rows = 0; }));
  BOOST_TEST(refused([](forged& r) { r.rows = 0xffffffff; }));
  BOOST_TEST(refused([](forged& r) { --r.feature_bytes; }));
  BOOST_TEST(refused([](forged& r) { r.feature_bytes = 0; }));
  BOOST_TEST(refused([](forged& r) { r.label_bytes -= 4; }));
  BOOST_TEST(refused([](forged& r) { ++r.label_bytes; }));
  BOOST_TEST(refused([](forged& r) { r.type = 1; }));  // u8's bytes, said to be floats
  // A type nobody knows, with as many bytes as floats have.
  for (const std::uint16_t type : {2, 255, 256, 65535}) {
    BOOST_TEST(refused([type](forged& r) {
      r.type = type;
      r.feature_bytes *= 4;
    }));
  }
  BOOST_TEST(refused([](forged&) {}, 1));  // a shard that is not there
  BOOST_TEST(f.feed.arrived(0, forged().message()));
  BOOST_TEST(f.feed.ready());
  BOOST_TEST(!f.feed.arrived(0, forged().message()));  // a second time
}

BOOST_AUTO_TEST_CASE(a_shard_may_send_only_its_own_rows) {
  farm f(40, 2);
  f.feed.assign(lease_of(0, 0, 16));
  const auto wanted = f.feed.next_request();
  BOOST_TEST_REQUIRE(wanted.has_value());
  const rows_msg zero = f.answer(0, *wanted), one = f.answer(1, *wanted);
  BOOST_TEST((*zero).getRows() + (*one).getRows() == 16u);
  if ((*zero).getRows() != (*one).getRows()) {
    BOOST_TEST(!f.feed.arrived(0, one));
    BOOST_TEST(!f.feed.arrived(1, zero));
  }
  BOOST_TEST(f.feed.arrived(0, zero));
  BOOST_TEST(!f.feed.arrived(0, zero));
  BOOST_TEST(f.feed.arrived(1, one));
  BOOST_TEST(f.feed.ready());
}

BOOST_AUTO_TEST_CASE(it_knows_which_epochs_it_holds) {
  farm f(20, 1);
  f.feed.assign(lease_of(0, 16, 20));
  f.feed.assign(lease_of(1, 0, 4));
  BOOST_TEST(f.feed.holds(0));
  BOOST_TEST(f.feed.holds(1));
  BOOST_TEST(!f.feed.holds(2));
  f.serve();
  BOOST_TEST(f.feed.take().epoch == 0u);
  BOOST_TEST(!f.feed.holds(0));
  BOOST_TEST(f.feed.take().epoch == 1u);
  BOOST_TEST(f.feed.empty());
}

BOOST_AUTO_TEST_CASE(what_is_cleared_is_forgotten) {
  farm f(100, 1);
  f.feed.assign(lease_of(0, 0, 100));
  f.serve();
  const auto asked = f.feed.take().range;
  BOOST_TEST(asked.size() == batch_size);
  f.feed.clear();
  BOOST_TEST(f.feed.empty());
  BOOST_TEST(!f.feed.ready());
  BOOST_TEST(!f.feed.holds(0));
  BOOST_TEST(!f.feed.next_request());
  // What was asked for may still arrive; nobody takes it. What was never asked for may not.
  f.feed.arrived(0, f.answer(0, {0, {chunk, 2 * chunk}}));
  BOOST_TEST(!f.feed.ready());
  BOOST_TEST(!f.feed.arrived(0, f.answer(0, {0, {chunk, 2 * chunk}})));
}

BOOST_AUTO_TEST_CASE(a_shard_refuses_what_is_not_in_the_run) {
  farm f(40, 1);
  BOOST_CHECK_THROW(f.answer(0, {0, {0, 41}}), error);
  BOOST_CHECK_THROW(f.answer(0, {0, {10, 9}}), error);
  BOOST_TEST((*f.answer(0, {0, {40, 40}})).getRows() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
