#include "troupe/data/labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

bool words_only(const dataset& data) {
  return !data.label_words.empty();
}

/// The distinct labels, sorted: numbers by value, words by bytes.
std::vector<std::string> distinct_labels(const dataset& data) {
  std::vector<std::string> names;
  if (words_only(data)) {
    const std::set<std::string> found(data.label_words.begin(), data.label_words.end());
    names.assign(found.begin(), found.end());
  } else {
    std::set<float> found;
    for (const float label : data.labels) found.insert(label);
    for (const float label : found) names.push_back(label_name(label));
  }
  return names;
}

bool all_in(const std::vector<std::string>& names, const std::vector<std::string>& of) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(of.begin(), of.end(), name) != of.end();
  });
}

/// The first label that is no whole number within 0 .. units-1; rows() where there is none.
std::size_t first_beyond(const dataset& data, std::size_t units) {
  if (words_only(data)) return 0;
  for (std::size_t row = 0; row < data.labels.size(); ++row) {
    const float label = data.labels[row];
    if (!(label >= 0 && label < static_cast<float>(units) && label == std::floor(label))) {
      return row;
    }
  }
  return data.rows();
}

std::string raw_name(const dataset& data, std::size_t row) {
  return words_only(data) ? data.label_words[row] : label_name(data.labels[row]);
}

void index_classes(const data_part& train, std::size_t units, label_map& map) {
  const std::size_t beyond = first_beyond(train.data, units);
  if (beyond == train.data.rows()) {
    map.as_they_are = true;
    for (std::size_t i = 0; i < units; ++i) map.classes.push_back(std::to_string(i));
    return;
  }
  map.classes = distinct_labels(train.data);
  if (map.classes.size() > units) {
    throw data_error(
        train.place(beyond),
        fmt::format("label '{}' is not within 0..{}, and the {} distinct labels of the training "
                    "part are more than the model's outputs ({})",
                    raw_name(train.data, beyond), units - 1, map.classes.size(), units));
  }
}

/// Two classes: 0 and 1, -1 and +1, or any two, the lesser first.
void index_two(const data_part& train, label_map& map) {
  const std::vector<std::string> found = distinct_labels(train.data);
  if (all_in(found, {"0", "1"})) {
    map.classes = {"0", "1"};
  } else if (all_in(found, {"-1", "1"})) {
    map.classes = {"-1", "1"};
  } else if (found.size() <= 2) {
    map.classes = found;
  } else {
    throw data_error(train.data.origin,
                     fmt::format("{} distinct labels ('{}', '{}', '{}' ...) for a loss of two "
                                 "classes",
                                 found.size(), found[0], found[1], found[2]));
  }
}

/// Several labels a row: rows of probabilities, of two classes for each output, or values.
void fit_wide(const data_part& train, const label_request& request, const label_options& options,
              label_map& map) {
  const dataset& data = train.data;
  if (options.order || options.one_hot != 0) {
    throw job_error(options.order ? options.order_place : options.one_hot_place,
                    fmt::format("rows with {} labels have no class to index", data.label_width));
  }
  if (data.label_width != request.units) {
    throw data_error(data.origin, fmt::format("{} labels a row for the {} outputs of the model",
                                              data.label_width, request.units));
  }
  switch (request.use) {
    case label_shape::classes:
      map.as_they_are = true;
      for (std::size_t i = 0; i < request.units; ++i) map.classes.push_back(std::to_string(i));
      break;
    case label_shape::values:
      map.as_they_are = true;
      break;
    case label_shape::binary:
    case label_shape::signs:
      index_two(train, map);
      break;
  }
}

void fit_order(const label_request& request, const label_options& options, label_map& map) {
  map.classes = *options.order;
  std::set<std::string> seen;
  for (const std::string& name : map.classes) {
    if (!seen.insert(name).second) {
      throw job_error(options.order_place, "label '" + name + "' is there twice");
    }
  }
  const bool two = request.use == label_shape::binary || request.use == label_shape::signs;
  const std::size_t units = options.one_hot != 0 ? options.one_hot : two ? 2 : request.units;
  const bool bounded = request.use != label_shape::values || options.one_hot != 0;
  if (map.classes.empty() || (bounded && map.classes.size() > units)) {
    throw job_error(options.order_place,
                    fmt::format("{} labels for {} classes", map.classes.size(), units));
  }
}

}  // namespace

std::string label_name(float value) {
  return fmt::format("{}", value == 0 ? 0.0f : value);  // one name for both zeros
}

std::string data_part::place(std::size_t row) const {
  return fmt::format("{}: row {}", data.origin, (source_rows.empty() ? row : source_rows[row]) + 1);
}

label_map fit_labels(const data_part& train, const label_request& request,
                     const label_options& options) {
  const dataset& data = train.data;
  if (data.labels.empty() && data.label_words.empty()) {
    throw data_error(data.origin, "the training rows have no labels");
  }
  label_map map;
  map.use = request.use;
  map.one_hot = options.one_hot;
  map.width = data.label_width;
  if (map.one_hot != 0 && map.one_hot != request.units) {
    throw job_error(options.one_hot_place, fmt::format("{} classes for the {} outputs of the model",
                                                       map.one_hot, request.units));
  }
  if (data.label_width > 1) {
    fit_wide(train, request, options, map);
    return map;
  }
  if (request.use != label_shape::classes && map.one_hot == 0 && request.units != 1) {
    throw data_error(data.origin, fmt::format("one label a row for the {} outputs of the model "
                                              "(one_hot makes several of one)",
                                              request.units));
  }
  if (options.order) {
    fit_order(request, options, map);
  } else if (map.one_hot != 0 || request.use == label_shape::classes) {
    index_classes(train, request.units, map);
  } else if (request.use == label_shape::values) {
    map.as_they_are = true;
  } else {
    index_two(train, map);
  }
  return map;
}

}  // namespace troupe
