#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "troupe/base/settings.hpp"
#include "troupe/data/dataset.hpp"
#include "troupe/data/prepare.hpp"

namespace troupe {

/// What the transforms of a job say of labels, with their places in the job.
struct label_options {
  std::optional<words> order;
  std::string order_place;
  std::size_t one_hot = 0;
  std::string one_hot_place;
};

/// Rows of a source: the data, and which rows of the source they were (empty: all in order), for
/// messages.
struct data_part {
  dataset data;
  std::vector<std::uint64_t> source_rows;

  /// "train.csv: row 17", counted from 1.
  std::string place(std::size_t row) const;
};

/// Makes the map from the labels of the training part (data/README.md has the rules as a table).
/// \throws error (data) naming a row, or error (job) naming a transform.
label_map fit_labels(const data_part& train, const label_request& request,
                     const label_options& options);

/// Replaces the raw labels by what the loss wants. Nothing happens to data without labels.
/// \throws error (data) naming the first row whose label the map does not know.
void map_labels(const label_map& map, data_part& part);

/// The name of a numeric label: the shortest text that reads back as this float.
std::string label_name(float value);

}  // namespace troupe
