#include "troupe/models/model_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

// Ordered, so that options come back in the order of their declaration.
using json = nlohmann::ordered_json;

json to_json(const settings& options) {
  json object = json::object();
  for (const auto& [name, value] : options.values()) {
    object[name] = std::visit([](const auto& held) { return json(held); }, value);
  }
  return object;
}

bool all_are(const json& list, bool (*test)(const json&)) {
  return std::all_of(list.begin(), list.end(), test);
}

bool is_integer(const json& value) {
  // A whole number beyond 63 bits is read as unsigned and would turn negative.
  return value.is_number_integer() &&
         !(value.is_number_unsigned() && value.get<std::uint64_t>() >> 63);
}

setting_value value_from(const json& value, const std::string& place) {
  if (value.is_boolean()) return value.get<bool>();
  if (is_integer(value)) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    if (all_are(value, is_integer)) return value.get<integers>();
    if (all_are(value, [](const json& v) { return v.is_number(); })) return value.get<numbers>();
    if (all_are(value, [](const json& v) { return v.is_string(); })) return value.get<words>();
  }
  throw data_error(place, "neither a value nor a list of values");
}

const json& member(const json& object, const char* name, const std::string& place) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) {
    throw data_error(place, std::string("there is no '") + name + "'");
  }
  return *found;
}

std::string text_member(const json& object, const char* name, const std::string& place) {
  const json& value = member(object, name, place);
  if (!value.is_string()) throw data_error(place, std::string("'") + name + "' is no text");
  return value.get<std::string>();
}

const json& list_member(const json& object, const char* name) {
  const json& value = member(object, name, "");
  if (!value.is_array()) throw data_error(name, "not a list");
  return value;
}

/// The options of an item, resolved against what its entry declares.
settings options_from(const json& item, const std::vector<setting>& declared,
                      const std::string& name, const std::string& place) {
  settings given;
  const json& options = member(item, "options", place);
  if (!options.is_object()) throw data_error(place, "'options' are no object");
  for (const auto& [option, value] : options.items()) {
    given.set(option, value_from(value, place + "." + option));
  }
  const auto place_of_option = [&](const std::string& option) {
    return option.empty() ? place : place + "." + option;
  };
  return resolve(declared, given, place_of_option, name);
}

shape shape_from(const json& list) {
  shape out;
  for (const json& extent : list) {
    if (!is_integer(extent) || extent.get<std::int64_t>() < 1) {
      throw data_error("input", "an extent is no whole number of at least 1");
    }
    out.push_back(static_cast<std::size_t>(extent.get<std::int64_t>()));
  }
  return out;
}

model_spec spec_from(const json& root, const model_catalogue& catalogue) {
  model_spec spec;
  spec.input = shape_from(list_member(root, "input"));
  for (const json& item : list_member(root, "layers")) {
    const std::string place = "layers." + std::to_string(spec.layers.size());
    const std::string kind = text_member(item, "kind", place);
    const layer_entry& entry = catalogue.layers.at(kind, place, "layer");
    spec.layers.push_back({kind, options_from(item, entry.options, kind, place)});
  }
  spec.loss = catalogue.losses.at(text_member(root, "loss", ""), "loss", "loss").name;
  for (const json& item : list_member(root, "metrics")) {
    const std::string place = "metrics." + std::to_string(spec.metrics.size());
    const std::string name = text_member(item, "name", place);
    const metric_entry& entry = catalogue.metrics.at(name, place, "metric");
    spec.metrics.push_back({name, options_from(item, entry.options, name, place)});
  }
  return spec;
}

committee_spec form_from(const json& root) {
  committee_spec form;
  if (!root.is_object()) return form;
  if (const auto members = root.find("members"); members != root.end()) {
    const std::int64_t count = is_integer(*members) ? members->get<std::int64_t>() : 0;
    if (count < 1 || count > std::int64_t{committee_spec::most_members}) {
      throw data_error("members", "not a whole number from 1 to " +
                                      std::to_string(committee_spec::most_members));
    }
    form.members = static_cast<std::size_t>(count);
  }
  if (root.contains("vote")) {
    const auto vote = vote_from(text_member(root, "vote", ""));
    if (!vote) throw data_error("vote", "neither 'mean' nor 'hard'");
    form.vote = *vote;
  }
  return form;
}

json parse(const std::string& text) {
  // A model nests five levels. Deeper text is not built at all: the library copies a value by
  // recursion, and hostile text could exhaust the stack.
  constexpr int deepest = 8;
  bool too_deep = false;
  const auto keep = [&](int depth, json::parse_event_t, const json&) {
    too_deep = too_deep || depth > deepest;
    return depth <= deepest;
  };
  json root = json::parse(text, keep, false);
  if (root.is_discarded()) throw data_error("", "the text is no JSON");
  if (too_deep) throw data_error("", "the text is nested too deeply");
  return root;
}

}  // namespace

std::string to_json(const model_spec& spec, const committee_spec& form) {
  json root = json::object();
  if (form.members > 1) {
    root["members"] = form.members;
    root["vote"] = to_text(form.vote);
  }
  root["input"] = spec.input;
  root["layers"] = json::array();
  for (const layer_spec& layer : spec.layers) {
    root["layers"].push_back({{"kind", layer.kind}, {"options", to_json(layer.options)}});
  }
  root["loss"] = spec.loss;
  root["metrics"] = json::array();
  for (const metric_spec& metric : spec.metrics) {
    root["metrics"].push_back({{"name", metric.name}, {"options", to_json(metric.options)}});
  }
  // Text that is not UTF-8 has no form in JSON; no name of a catalogue is of that kind.
  return root.dump(2, ' ', false, json::error_handler_t::replace);
}

model_spec model_from_json(const std::string& text, const model_catalogue& catalogue) {
  const json root = parse(text);
  try {
    return spec_from(root, catalogue);
  } catch (const error& e) {
    // A wrong option in a file is a matter of the file, whoever found it.
    throw data_error(e.place(), e.message());
  }
}

committee_spec committee_from_json(const std::string& text) {
  return form_from(parse(text));
}

}  // namespace troupe
