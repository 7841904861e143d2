#include "troupe/models/model_file.hpp"

#include <cmath>
#include <cstring>
#include <string>

#include "troupe/base/error.hpp"
#include "troupe/models/metric_set.hpp"
#include "troupe/models/model_json.hpp"
#include "troupe/models/network.hpp"

namespace troupe {

namespace {

constexpr const char* model_section = "model";
constexpr const char* parameters_section = "parameters";
constexpr const char* statistics_section = "statistics";

std::string place_of_section(const sectioned_file& file, const char* section) {
  const std::string name = std::string("section '") + section + "'";
  return file.path().empty() ? name : file.path() + ": " + name;
}

void put_floats(sectioned_file& file, const char* section, span<const float> values) {
  file.put(section, {reinterpret_cast<const std::byte*>(values.data()), values.size_bytes()});
}

/// The vectors of all members; `length` is that of one. Members and lengths are bounded where
/// they are read, so that their product fits.
std::vector<float> get_floats(const sectioned_file& file, const char* section, std::size_t length,
                              std::size_t members) {
  const std::size_t expected = length * members;
  const span<const std::byte> bytes = file.get(section);
  const std::string place = place_of_section(file, section);
  // Compared as a number of floats: a product with a hostile size might overflow.
  if (bytes.size() % sizeof(float) != 0 || bytes.size() / sizeof(float) != expected) {
    const std::string whose =
        members == 1 ? "the model has " : "its " + std::to_string(members) + " members have ";
    throw data_error(place, "holds " + std::to_string(bytes.size()) + " bytes, but " + whose +
                                std::to_string(expected) + " " + section);
  }
  std::vector<float> values(expected);
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      const std::string whose = members == 1 ? "" : " of member " + std::to_string(i / length + 1);
      throw data_error(place, "number " + std::to_string(i % length) + whose +
                                  " is not finite (a diverged model)");
    }
  }
  return values;
}

}  // namespace

void put_model(sectioned_file& file, const model_spec& spec, span<const float> parameters,
               span<const float> statistics, const committee_spec& form) {
  file.put(model_section, to_json(spec, form));
  put_floats(file, parameters_section, parameters);
  put_floats(file, statistics_section, statistics);
}

stored_model get_model(const sectioned_file& file, const model_catalogue& catalogue) {
  stored_model model;
  model_summary summary;
  const std::string text = file.text(model_section);
  try {
    model.spec = model_from_json(text, catalogue);
    model.form = committee_from_json(text);
    summary = describe(model.spec, catalogue);
    make_metrics(model.spec, summary, catalogue);
  } catch (const error& e) {
    const std::string within = e.place().empty() ? "" : ": " + e.place();
    throw data_error(place_of_section(file, model_section) + within, e.message());
  }
  model.parameters = get_floats(file, parameters_section, summary.parameters, model.form.members);
  model.statistics = get_floats(file, statistics_section, summary.statistics, model.form.members);
  return model;
}

}  // namespace troupe
