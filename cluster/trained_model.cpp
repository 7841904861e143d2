#include "troupe/cluster/trained_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/actors/scorer.hpp"
#include "troupe/config/reader.hpp"
#include "troupe/models/model_file.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

void trained_model::save(const std::string& path) const {
  sectioned_file file;
  put_model(file, spec, parameters, statistics);
  transforms.save(file);
  labels.save(file);
  file.put("job", job_yaml);
  file.put("summary", summary);
  file.save(path);
}

trained_model trained_model::load(const std::string& path, const catalogue& known) {
  const sectioned_file file = sectioned_file::load(path);
  stored_model stored = get_model(file, known.models);
  trained_model model;
  model.spec = std::move(stored.spec);
  model.parameters = std::move(stored.parameters);
  model.statistics = std::move(stored.statistics);
  model.transforms = pipeline::load(file, known.data.transforms);
  model.labels = label_map::load(file);
  model.job_yaml = file.text("job");
  model.summary = file.text("summary");
  if (volume(model.transforms.output()) != volume(model.spec.input)) {
    throw data_error(path, "its transforms do not fit its model");
  }
  return model;
}

std::vector<float> trained_model::predict(const dataset& rows, const catalogue& known) const {
  check_values(rows, transforms);
  return scorer(spec, known.models, transforms).predict(parameters, statistics, rows);
}

std::size_t trained_model::outputs(const catalogue& known) const {
  return volume(describe(spec, known.models).output);
}

std::string trained_model::label_of(span<const float> prediction) const {
  const float* p = prediction.data();
  switch (labels.use) {
    case label_shape::classes:
      return labels.name(static_cast<std::size_t>(
          std::max_element(p, p + prediction.size()) - p));
    case label_shape::binary:
      if (prediction.size() == 1) return labels.name(p[0] >= 0.5f ? 1 : 0);
      break;
    case label_shape::signs:
      if (prediction.size() == 1) return labels.name(p[0] >= 0 ? 1 : 0);
      break;
    case label_shape::values: break;
  }
  return fmt::format("{}", fmt::join(prediction.begin(), prediction.end(), " "));
}

job trained_model::trained_by(const catalogue& known) const {
  try {
    return parse_job(job_yaml, "the model's job", {}, known);
  } catch (const error& e) {
    throw data_error(e.place(), e.message());
  }
}

}  // namespace troupe
