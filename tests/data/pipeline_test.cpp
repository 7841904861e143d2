#include "troupe/data/pipeline.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "data/folder.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const std::vector<transform_spec> several{{"fill_missing", {}},
                                          {"standard", {}},
                                          {"normalize", {{"norm", std::string("max")}}},
                                          {"min_max", {{"to", integers{-1, 1}}}},
                                          {"reshape", {{"shape", integers{3, 7}}}}};

/// Columns of very different size, some values missing.
dataset rows_of(std::size_t rows) {
  dataset data;
  data.shape = {21};
  data.set_rows(rows);
  std::vector<float> all(rows * 21);
  const random_stream random(5, random_purpose::test);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto column = static_cast<float>(i % 21);
    all[i] = i % 37 == 5 ? std::numeric_limits<float>::quiet_NaN()
                         : (random.uniform(i) - .3f) * std::exp(column - 10) + column * 100;
  }
  data.features.resize(all.size() * 4);
  std::memcpy(data.features.data(), all.data(), data.features.size());
  return data;
}

pipeline fresh() {
  return pipeline(several, {21}, data_catalogue::builtin().transforms);
}

std::vector<float> apply(const pipeline& steps, const dataset& data) {
  std::vector<float> out(data.rows() * 21);
  steps.apply(data.type, data.row(0), data.rows(), out.data());
  return out;
}

std::string saved(const pipeline& steps) {
  sectioned_file file;
  steps.save(file);
  return file.text("transforms");
}

pipeline loaded(const std::string& bytes) {
  sectioned_file file;
  file.put("transforms", bytes);
  return pipeline::load(file, data_catalogue::builtin().transforms);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pipelines)

/// Shards own blocks in any way and answer in any order: the fit has the same bits.
BOOST_AUTO_TEST_CASE(any_number_of_shards_fits_the_same_bits) {
  const dataset data = rows_of(5 * fit_block_rows + 77);
  pipeline whole = fresh();
  whole.fit(data);
  const std::string expected = saved(whole);
  BOOST_TEST((whole.to_fit() == std::vector<std::size_t>{0, 1, 3}));
  for (const std::size_t shards : {1u, 2u, 3u, 7u}) {
    pipeline split = fresh();
    for (const std::size_t index : split.to_fit()) {
      std::vector<fit_block> blocks;
      for (std::size_t shard = shards; shard-- > 0;) {
        for (std::size_t block = shard; block < 6; block += shards) {
          const std::size_t first = block * fit_block_rows;
          const std::size_t rows = std::min(fit_block_rows, data.rows() - first);
          blocks.push_back(split.partial(index, block, data.type, data.row(first), rows));
        }
      }
      split.finish(index, std::move(blocks));
    }
    BOOST_TEST((saved(split) == expected), shards << " shards");
  }
}

BOOST_AUTO_TEST_CASE(a_saved_pipeline_does_the_same) {
  const dataset data = rows_of(500);
  pipeline steps = fresh();
  steps.fit(data);
  const pipeline again = loaded(saved(steps));
  BOOST_TEST((again.input() == steps.input()));
  BOOST_TEST((again.output() == steps.output()));
  BOOST_TEST((apply(again, data) == apply(steps, data)));
  BOOST_TEST((saved(again) == saved(steps)));
}

BOOST_AUTO_TEST_CASE(rows_alone_are_as_rows_together) {
  const dataset data = rows_of(100);
  pipeline steps = fresh();
  steps.fit(data);
  const std::vector<float> together = apply(steps, data);
  std::vector<float> row(21);
  // At an odd address, as in a message.
  std::vector<std::byte> moved(data.row_bytes() + 1);
  for (std::size_t r = 0; r < data.rows(); ++r) {
    std::memcpy(moved.data() + 1, data.row(r), data.row_bytes());
    steps.apply(data.type, moved.data() + 1, 1, row.data());
    for (std::size_t c = 0; c < 21; ++c) {
      BOOST_TEST(row[c] == together[r * 21 + c]);
    }
  }
}

BOOST_AUTO_TEST_CASE(threads_share_a_pipeline) {
  const dataset data = rows_of(400);
  pipeline steps = fresh();
  steps.fit(data);
  const std::vector<float> expected = apply(steps, data);
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> threads;
  for (auto& out : found) {
    threads.emplace_back([&] { out = apply(steps, data); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& out : found) BOOST_TEST((out == expected));
}

BOOST_AUTO_TEST_CASE(any_bytes_load_or_are_refused) {
  pipeline steps = fresh();
  steps.fit(rows_of(100));
  const std::string good = saved(steps);
  const random_stream random(9, random_purpose::test);
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    std::string bad = good;
    if (i % 3 == 0) bad.resize(random.below(4 * i, bad.size()));
    for (std::uint64_t k = 0; k < 1 + i % 4 && !bad.empty(); ++k) {
      bad[random.below(9000 + 4 * i + k, bad.size())] = static_cast<char>(random.word(8 * i + k));
    }
    try {
      loaded(bad);
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::data));
      ++refused;
    }
  }
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_CASE(a_program_may_add_a_transform_of_its_own) {
  class doubled : public transform {
   public:
    std::vector<std::size_t> output(const std::vector<std::size_t>& input) override {
      return input;
    }
    void apply(float* rows, std::size_t count) const override {
      for (std::size_t i = 0; i < 21 * count; ++i) rows[i] *= 2;
    }
  };
  auto known = data_catalogue::builtin().transforms;
  transform_entry entry;
  entry.name = "doubled";
  entry.make = [](const settings&) { return std::make_unique<doubled>(); };
  known.add(entry);
  const dataset data = rows_of(3);
  const pipeline steps({{"doubled", {}}, {"doubled", {}}}, {21}, known);
  const auto out = apply(steps, data), raw = values(data);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == raw[i]) BOOST_TEST(out[i] == 4 * raw[i]);
  }
}

BOOST_AUTO_TEST_SUITE_END()
