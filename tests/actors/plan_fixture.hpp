#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "troupe/actors/run_plan.hpp"
#include "troupe/config/reader.hpp"

namespace troupe::testing {

/// Rows that know their number: value i of row r is (7 r + i) mod 256, the label is r.
inline std::shared_ptr<dataset> numbered_rows(std::size_t rows, std::vector<std::size_t> shape,
                                              element_type type) {
  auto data = std::make_shared<dataset>();
  data->shape = std::move(shape);
  data->type = type;
  data->set_rows(rows);
  const std::size_t values = data->row_volume();
  data->features.resize(rows * data->row_bytes());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < values; ++i) {
      const std::size_t value = (7 * r + i) % 256, at = r * values + i;
      const auto real = static_cast<float>(value);
      if (type == element_type::u8) data->features[at] = static_cast<std::byte>(value);
      if (type == element_type::f32) std::memcpy(&data->features[at * 4], &real, 4);
    }
    data->labels.push_back(static_cast<float>(r));
  }
  return data;
}

/// A job around a model, as YAML of its `model` section's inside; the data section is not used.
inline job job_around(const std::string& model, const std::string& optimizer,
                      const std::string& training, const std::string& actors = "{workers: 1}") {
  return parse_job(
      "name: fixture\nseed: 7\ndata: {train: {format: synthetic, rows: 64}}\nmodel: " + model +
          "\noptimizer: " + optimizer + "\ntraining: " + training + "\nactors: " + actors + "\n",
      "fixture.yaml", {}, catalogue::builtin());
}

inline std::shared_ptr<run_plan> plan_over(const job& of, std::shared_ptr<const dataset> rows,
                                           const std::vector<transform_spec>& transforms = {}) {
  const catalogue known = catalogue::builtin();
  prepared_data data;
  data.transforms = pipeline(transforms, rows->shape, known.data.transforms);
  data.train = std::move(rows);
  return make_run_plan(of, known, facts_of(data));
}

}  // namespace troupe::testing
