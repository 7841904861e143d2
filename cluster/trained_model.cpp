#include "troupe/cluster/trained_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "troupe/actors/scorer.hpp"
#include "troupe/config/reader.hpp"
#include "troupe/models/model_file.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

void trained_model::save(const std::string& path) const {
  sectioned_file file;
  put_model(file, spec, parameters, statistics, form);
  transforms.save(file);
  labels.save(file);
  file.put("columns",
           nlohmann::json(columns).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  file.put("job", job_yaml);
  file.put("summary", summary);
  file.save(path);
}

trained_model trained_model::load(const std::string& path, const catalogue& known) {
  const sectioned_file file = sectioned_file::load(path);
  stored_model stored = get_model(file, known.models);
  trained_model model;
  model.spec = std::move(stored.spec);
  model.form = stored.form;
  model.parameters = std::move(stored.parameters);
  model.statistics = std::move(stored.statistics);
  model.transforms = pipeline::load(file, known.data.transforms);
  model.labels = label_map::load(file);
  const auto columns = nlohmann::json::parse(file.text("columns"), nullptr, false);
  if (!columns.is_array()) throw data_error(path, "section 'columns' is not a list");
  for (const auto& column : columns) {
    if (!column.is_string()) throw data_error(path, "section 'columns' is not a list of names");
    model.columns.push_back(column.get<std::string>());
  }
  model.job_yaml = file.text("job");
  model.summary = file.text("summary");
  if (volume(model.transforms.output()) != volume(model.spec.input)) {
    throw data_error(path, "its transforms do not fit its model");
  }
  return model;
}

std::vector<float> trained_model::predict(const dataset& rows, const catalogue& known) const {
  check_columns(rows, columns);
  check_values(rows, transforms);
  std::vector<float> answers =
      scorer(spec, form, known.models, transforms).predict(parameters, statistics, rows);
  const auto bad =
      std::find_if(answers.begin(), answers.end(), [](float x) { return !std::isfinite(x); });
  if (bad != answers.end()) {
    const auto row = static_cast<std::size_t>(bad - answers.begin()) / outputs(known);
    throw data_error(rows.origin,
                     fmt::format("row {}: the model's answer is not a finite number", row + 1));
  }
  return answers;
}

std::size_t trained_model::outputs(const catalogue& known) const {
  return volume(describe(spec, known.models).output);
}

std::string trained_model::label_of(span<const float> prediction) const {
  const float* p = prediction.data();
  const std::size_t width = prediction.size();
  if (labels.use == label_shape::values) {
    return fmt::format("{}", fmt::join(p, p + width, " "));
  }
  // One class of several: each has an output, whatever the loss.
  if (labels.use == label_shape::classes || (width > 1 && labels.one_hot == width)) {
    return labels.name(static_cast<std::size_t>(std::max_element(p, p + width) - p));
  }
  const float threshold = labels.use == label_shape::binary ? 0.5f : 0.0f;
  if (width == 1) return labels.name(p[0] > threshold ? 1 : 0);
  // Several questions at once: an answer to each.
  const char* no = labels.use == label_shape::binary ? "0" : "-1";
  std::string text;
  for (std::size_t i = 0; i < width; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ",", p[i] > threshold ? "1" : no);
  }
  return text;
}

job trained_model::trained_by(const catalogue& known) const {
  try {
    // Its protocol may be one that only the program that trained it knows.
    return parse_job(job_yaml, "the model's job", {"optimizer=null"}, known);
  } catch (const error& e) {
    throw data_error(e.place(), e.message());
  }
}

}  // namespace troupe
