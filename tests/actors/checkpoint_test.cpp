// Checkpoints as files: whole, or not used.

#include "troupe/actors/checkpoint.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "actors/whole_run.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using namespace troupe::testing;
namespace fs = std::filesystem;

namespace {

struct folder {
  folder() {
    std::string name = (fs::temp_directory_path() / "troupe-XXXXXX").string();
    BOOST_REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~folder() { fs::remove_all(path); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(path + "/kept")) {
      out.push_back(entry.path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::string path;
};

/// A checkpoint of a short run, made up but for its sizes.
checkpoint some_checkpoint(const run_plan& plan, std::uint64_t number) {
  checkpoint out;
  out.number = number;
  out.seconds = 1.5;
  out.totals = {{"rows", 7}};
  out.rules = {{"best_loss", nullptr}};
  out.evaluations = 2;
  for (std::uint32_t g = 0; g < plan.groups; ++g) {
    out.books.push_back({{{1, 40, {{0, {8, 16}}, {1, {0, 3}}}}}});
  }
  const auto fill = [&](std::vector<float>& v, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) v.push_back(static_cast<float>(number + i));
  };
  fill(out.center.parameters, plan.groups * plan.model.parameters);
  fill(out.center.statistics, plan.groups * plan.model.statistics);
  for (std::size_t s = 0; s < plan.slice_count(); ++s) {
    out.slices.push_back({10 + s, 20 + s, {}});
    fill(out.slices.back().state, s % 3);
  }
  return out;
}

std::shared_ptr<run_plan> plan_for(const std::vector<std::string>& overrides = {},
                                   std::size_t rows = 64) {
  const prepared_data data = two_classes(rows);
  return plan_of(small_job(overrides), data);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded) {
  const folder here;
  const auto plan = plan_for();
  checkpoint saved = some_checkpoint(*plan, 3);
  auto best = std::make_shared<center_snapshot>();
  best->parameters.resize(plan->model.parameters, 4);
  saved.best = best;
  BOOST_TEST(save_checkpoint(saved, *plan, here.path + "/kept", 2) == "000003.checkpoint");
  const found_checkpoint found = load_last_checkpoint(*plan, here.path + "/kept");
  BOOST_TEST_REQUIRE(found.last);
  BOOST_TEST(found.file == "000003.checkpoint");
  BOOST_TEST(found.damaged.empty());
  const checkpoint& c = *found.last;
  BOOST_TEST(c.number == 3u);
  BOOST_TEST(c.seconds == 1.5);
  BOOST_TEST(c.evaluations == 2u);
  BOOST_TEST(c.totals == saved.totals);
  BOOST_TEST(c.rules == saved.rules);
  BOOST_TEST(c.center.parameters == saved.center.parameters, boost::test_tools::per_element());
  BOOST_TEST(c.best->parameters == best->parameters, boost::test_tools::per_element());
  BOOST_TEST_REQUIRE(c.slices.size() == saved.slices.size());
  for (std::size_t s = 0; s < c.slices.size(); ++s) {
    BOOST_TEST(c.slices[s].version == saved.slices[s].version);
    BOOST_TEST(c.slices[s].steps == saved.slices[s].steps);
    BOOST_TEST(c.slices[s].state == saved.slices[s].state, boost::test_tools::per_element());
  }
  const ledger_image::stock& stock = c.books.at(0).stocks.at(0);
  BOOST_TEST(stock.epoch == 1u);
  BOOST_TEST(stock.at == 40u);
  BOOST_TEST_REQUIRE(stock.returned.size() == 2u);
  BOOST_TEST(stock.returned[0].epoch == 0u);
  BOOST_TEST((stock.returned[1].range == position_range{0, 3}));
}

BOOST_AUTO_TEST_CASE(the_last_ones_are_kept) {
  const folder here;
  const auto plan = plan_for();
  for (std::uint64_t number = 1; number <= 5; ++number) {
    save_checkpoint(some_checkpoint(*plan, number), *plan, here.path + "/kept", 2);
  }
  const std::vector<std::string> expected = {"000004.checkpoint", "000005.checkpoint"};
  BOOST_TEST(here.names() == expected, boost::test_tools::per_element());
  BOOST_TEST(load_last_checkpoint(*plan, here.path + "/kept").last->number == 5u);
}

BOOST_AUTO_TEST_CASE(of_a_damaged_one_the_one_before_is_used) {
  const folder here;
  const auto plan = plan_for();
  const std::string kept = here.path + "/kept", last = kept + "/000002.checkpoint";
  for (std::uint64_t n : {1, 2}) save_checkpoint(some_checkpoint(*plan, n), *plan, kept, 3);
  const auto size = fs::file_size(last);
  const auto expect_first = [&] {
    const found_checkpoint found = load_last_checkpoint(*plan, kept);
    BOOST_TEST_REQUIRE(found.last);
    BOOST_TEST(found.last->number == 1u);
    BOOST_TEST_REQUIRE(found.damaged.size() == 1u);
    BOOST_TEST(found.damaged[0].find("000002.checkpoint") != std::string::npos);
  };
  std::ifstream file(last, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t at = 0; at < size; at += 37) {  // a flipped bit anywhere
    std::string spoilt = whole;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 4);
    std::ofstream(last, std::ios::binary) << spoilt;
    expect_first();
  }
  for (std::size_t end = 0; end < size; end += 101) {  // cut short
    std::ofstream(last, std::ios::binary) << whole.substr(0, end);
    expect_first();
  }
  fs::remove(kept + "/000001.checkpoint");
  BOOST_TEST(!load_last_checkpoint(*plan, kept).last);
  BOOST_TEST(!load_last_checkpoint(*plan, here.path + "/nowhere").last);
}

BOOST_AUTO_TEST_CASE(another_job_or_other_data_is_an_error) {
  const folder here;
  const std::string kept = here.path + "/kept";
  const auto plan = plan_for();
  save_checkpoint(some_checkpoint(*plan, 1), *plan, kept, 3);
  const auto problem = [&](const std::vector<std::string>& overrides, std::size_t rows = 64) {
    try {
      load_last_checkpoint(*plan_for(overrides, rows), kept);
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::data));
      return std::string(e.what());
    }
    return std::string();
  };
  const std::string place = kept + "/000001.checkpoint: ";
  BOOST_TEST(problem({"training.epochs=4"}) ==
             place + "it is of another job: it has 'epochs: 3', not 'epochs: 4'");
  BOOST_TEST(problem({"model.layers.0.dense.units=9"}).find("units") != std::string::npos);
  BOOST_TEST(problem({}, 65) == place + "the data has changed since then");
  // These may change.
  BOOST_TEST(problem({"supervisor.checkpoint.keep=9", "training.stop.max_seconds=9"}) == "");
}

BOOST_AUTO_TEST_CASE(where_nothing_can_be_written_older_ones_stay) {
  const folder here;
  const auto plan = plan_for();
  std::ofstream(here.path + "/kept") << "a file";
  BOOST_CHECK_THROW(save_checkpoint(some_checkpoint(*plan, 1), *plan, here.path + "/kept", 3),
                    error);
}

BOOST_AUTO_TEST_SUITE_END()
