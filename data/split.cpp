#include "troupe/data/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "troupe/base/error.hpp"
#include "troupe/data/permutation.hpp"

namespace troupe {

namespace {

data_part take(const dataset& all, std::vector<std::uint64_t> rows) {
  data_part part;
  dataset& data = part.data;
  data.shape = all.shape;
  data.type = all.type;
  data.label_width = all.label_width;
  data.origin = all.origin;
  data.columns = all.columns;
  data.set_rows(rows.size());
  data.features.resize(rows.size() * all.row_bytes());
  if (!all.labels.empty()) data.labels.resize(rows.size() * all.label_width);
  gather(all, {rows.data(), rows.size()}, data.features.data(), data.labels.data());
  if (!all.label_words.empty()) {
    for (const std::uint64_t row : rows) data.label_words.push_back(all.label_words[row]);
  }
  part.source_rows = std::move(rows);
  return part;
}

}  // namespace

split_parts split(dataset all, double test_share, double validation_share, std::uint64_t seed) {
  split_parts parts;
  if (test_share <= 0 && validation_share <= 0) {
    parts.train = data_part{std::move(all), {}};
    return parts;
  }
  const std::size_t rows = all.rows();
  auto part_of = [&](double share, const char* name) -> std::size_t {
    if (share <= 0) return 0;
    const auto count =
        static_cast<std::size_t>(std::llround(std::min(share, 1.0) * static_cast<double>(rows)));
    if (count > 0) return count;
    throw job_error(fmt::format("data.split.{}", name),
                    fmt::format("a share of {} of {} rows is none", share, rows));
  };
  const std::size_t test = part_of(test_share, "test");
  const std::size_t validation = part_of(validation_share, "validation");
  if (test + validation >= rows) {
    throw job_error("data.split",
                    fmt::format("of {} rows, {} for test and {} for validation leave none to train",
                                rows, test, validation));
  }
  const permutation order(seed, 0, rows, true, random_purpose::split);
  auto chosen = [&](std::size_t first, std::size_t count) {
    std::vector<std::uint64_t> out(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = order.row(first + i);
    std::sort(out.begin(), out.end());
    return out;
  };
  if (test > 0) parts.test = take(all, chosen(0, test));
  if (validation > 0) parts.validation = take(all, chosen(test, validation));
  parts.train = take(all, chosen(test + validation, rows - test - validation));
  return parts;
}

}  // namespace troupe
