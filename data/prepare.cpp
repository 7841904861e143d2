#include "troupe/data/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>

#include "troupe/base/error.hpp"
#include "troupe/data/labels.hpp"
#include "troupe/data/split.hpp"

namespace troupe {

namespace {

/// Reads a source whose options may not have been resolved yet (a job built in code).
dataset read_source(const source_spec& source, const std::string& path, read_request request,
                    const data_catalogue& catalogue) {
  const reader_entry& reader = catalogue.readers.at(source.format, path + ".format", "format");
  request.options = resolve(
      reader.options, source.options,
      [&](const std::string& option) { return option.empty() ? path : path + "." + option; },
      "format '" + source.format + "'");
  try {
    dataset data = reader.read(request);
    if (data.rows() == 0) throw data_error(data.origin, "there are no rows");
    return data;
  } catch (const error& e) {
    if (!e.place().empty()) throw;
    throw error(e.kind(), path, e.message());
  } catch (const std::bad_alloc&) {
    throw data_error(path, "the rows do not fit into memory");
  } catch (const std::length_error&) {
    throw data_error(path, "the rows do not fit into memory");
  }
}

label_options options_of_labels(const data_spec& spec, const registry<transform_entry>& known) {
  label_options found;
  for (std::size_t i = 0; i < spec.transforms.size(); ++i) {
    const transform_spec& t = spec.transforms[i];
    const std::string place = fmt::format("data.transforms.{}", i);
    const transform_entry& entry = known.at(t.name, place, "transform");
    if (!entry.on_labels) continue;
    const std::string inside = place + "." + t.name;
    const settings options = resolve(
        entry.options, t.options,
        [&](const std::string& o) { return o.empty() ? inside : inside + "." + o; },
        "transform '" + t.name + "'");
    const bool orders = t.name == "label_index";
    if (orders ? found.order.has_value() : found.one_hot != 0) {
      throw job_error(inside, "'" + t.name + "' is there twice");
    }
    if (orders) {
      found.order = options.word_list("order");
      found.order_place = inside + ".order";
    } else {
      found.one_hot = static_cast<std::size_t>(options.integer("classes"));
      found.one_hot_place = inside + ".classes";
    }
  }
  return found;
}

void expect_alike(const dataset& part, const dataset& train) {
  if (part.shape != train.shape) {
    throw data_error(part.origin, fmt::format("rows of shape {}, but {} in the training part",
                                              shape_text(part.shape), shape_text(train.shape)));
  }
  check_columns(part, train.columns);
}

/// A missing value is reported as such, before anything is computed from it.
void check_raw(const data_part& part, bool may_miss) {
  const dataset& data = part.data;
  if (data.type != element_type::f32 || may_miss) return;
  const std::size_t volume = data.row_volume();
  const auto* values = reinterpret_cast<const float*>(data.features.data());
  for (std::size_t i = 0; i < data.rows() * volume; ++i) {
    if (std::isnan(values[i])) {
      throw data_error(part.place(i / volume),
                       feature_name(data, i % volume) +
                           " is missing (the transform fill_missing puts a number there)");
    }
  }
}

/// `place` says where a row stands, for the message.
template <class Place>
void check_transformed(const dataset& data, const pipeline& transforms, const Place& place) {
  if (data.shape != transforms.input()) {
    throw data_error(data.origin,
                     fmt::format("rows of shape {}, but the transforms start from {}",
                                 shape_text(data.shape), shape_text(transforms.input())));
  }
  if (transforms.always_finite(data.type)) return;
  const std::size_t volume = data.row_volume();
  const std::size_t most = std::max<std::size_t>(1, (std::size_t{1} << 16) / volume);
  std::vector<float> values(std::min(most, data.rows()) * volume);
  for (std::size_t first = 0; first < data.rows(); first += most) {
    const std::size_t rows = std::min(most, data.rows() - first);
    transforms.apply(data.type, data.row(first), rows, values.data());
    for (std::size_t i = 0; i < rows * volume; ++i) {
      if (std::isfinite(values[i])) continue;
      throw data_error(place(first + i / volume),
                       feature_name(data, i % volume) +
                           (std::isnan(values[i]) ? " is missing after the transforms"
                                                  : " is infinite after the transforms"));
    }
  }
}

std::shared_ptr<const dataset> finished(std::optional<data_part>& part) {
  if (!part) return nullptr;
  return std::make_shared<const dataset>(std::move(part->data));
}

}  // namespace

prepared_data prepare(const data_spec& spec, const label_request& labels, std::uint64_t seed,
                      const data_catalogue& catalogue) {
  if (spec.test && spec.split_test > 0) {
    throw job_error("data.split.test", "there is a test source already");
  }
  const label_options options = options_of_labels(spec, catalogue.transforms);
  read_request request;
  request.directory = spec.directory;
  request.seed = seed;
  request.rows = spec.rows;
  split_parts parts = split(read_source(spec.train, "data.train", request, catalogue),
                            spec.split_test, spec.split_validation, seed);
  if (spec.test) {
    request.rows = 0;
    request.of = read_request::part::test;
    parts.test = data_part{read_source(*spec.test, "data.test", request, catalogue), {}};
    if (parts.test->data.labels.empty() && parts.test->data.label_words.empty()) {
      throw data_error(parts.test->data.origin, "the test rows have no labels to score against");
    }
    expect_alike(parts.test->data, parts.train->data);
  }

  const bool fills = std::any_of(spec.transforms.begin(), spec.transforms.end(),
                                 [](const auto& t) { return t.name == "fill_missing"; });
  prepared_data out;
  out.transforms = pipeline(spec.transforms, parts.train->data.shape, catalogue.transforms);
  for (auto* part : {&parts.train, &parts.validation, &parts.test}) {
    if (*part) check_raw(**part, fills);
  }
  out.transforms.fit(parts.train->data);
  out.labels = fit_labels(*parts.train, labels, options);
  for (auto* part : {&parts.train, &parts.validation, &parts.test}) {
    if (!*part) continue;
    check_transformed((*part)->data, out.transforms,
                      [&](std::size_t row) { return (*part)->place(row); });
    map_labels(out.labels, **part);
  }
  out.train = finished(parts.train);
  out.validation = finished(parts.validation);
  out.test = finished(parts.test);
  return out;
}

dataset read_for(const source_spec& source, const std::string& directory, std::uint64_t seed,
                 const label_map& labels, const data_catalogue& catalogue, std::size_t values) {
  read_request request;
  request.directory = directory;
  request.seed = seed;
  request.of = read_request::part::test;
  request.labels_optional = true;
  request.values = values;
  data_part part{read_source(source, "data.test", request, catalogue), {}};
  map_labels(labels, part);
  return std::move(part.data);
}

dataset read_features(const source_spec& source, const std::string& directory, std::uint64_t seed,
                      const data_catalogue& catalogue, std::size_t values) {
  read_request request;
  request.directory = directory;
  request.seed = seed;
  request.of = read_request::part::test;
  request.labels_optional = request.labels_ignored = true;
  request.values = values;
  dataset data = read_source(source, "data.test", request, catalogue);
  data.labels.clear();
  data.label_words.clear();
  return data;
}

void check_columns(const dataset& data, const std::vector<std::string>& trained) {
  for (std::size_t i = 0; i < std::min(data.columns.size(), trained.size()); ++i) {
    // "column 3 (age)": what counts is the name, wherever it stands in each file.
    auto named = [](const std::string& column) { return column.substr(column.find('(') + 1); };
    auto has_name = [](const std::string& column) {
      return !column.empty() && column.back() == ')';
    };
    if (has_name(data.columns[i]) && has_name(trained[i]) &&
        named(data.columns[i]) != named(trained[i])) {
      throw data_error(data.origin, fmt::format("{} stands where the training part has {}",
                                                data.columns[i], trained[i]));
    }
  }
}

void check_values(const dataset& data, const pipeline& transforms) {
  check_transformed(data, transforms, [&](std::size_t row) {
    return fmt::format("{}: row {}", data.origin, row + 1);
  });
}

}  // namespace troupe
