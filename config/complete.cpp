#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "troupe/config/reader.hpp"
#include "troupe/config/sections/key.hpp"

namespace troupe {

namespace {

constexpr std::size_t longest_name = 100;
constexpr double most_row_volume = 1 << 30;

/// Resolves the options of something named, with the places of its part of the job.
void fill(const job& j, settings& options, const std::vector<setting>& declared,
          const std::string& path, const std::string& of_what) {
  const auto place = [&](const std::string& option) {
    return j.place(option.empty() ? path : path + "." + option);
  };
  options = resolve(declared, options, place, of_what);
}

/// Names become folders and labels: nothing that a path or a table could trip over.
void check_name(const std::string& name, const std::string& place) {
  const bool simple = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  if (!name.empty() && simple && name.size() <= longest_name && name[0] != '.' && name[0] != '-') {
    return;
  }
  throw job_error(place, fmt::format("'name' must be 1 to {} letters, digits, '.', '_' or '-', and "
                                     "start with a letter or digit",
                                     longest_name));
}

void check_value(const setting& declared, const setting_value& value, const std::string& place) {
  const std::string reason = misfit(declared, value);
  if (!reason.empty()) throw job_error(place, reason);
}

/// A job built in code has not gone through the reader's checks.
void check_plain_keys(const job& j) {
  for (const section& s : job_sections()) {
    for (const key<job>& k : s.keys) {
      if (!k.plain()) continue;
      const std::string place = j.place(s.path_of(k.declaration.name));
      if (const auto value = k.get(j)) check_value(k.declaration, *value, place);
    }
  }
  check_name(j.name, j.place("name"));
  if (!j.cluster) return;
  for (std::size_t i = 0; i < j.cluster->nodes.size(); ++i) {
    const node_spec& n = j.cluster->nodes[i];
    const std::string path = fmt::format("cluster.nodes.{}.", i);
    for (const key<node_spec>& k : node_keys()) {
      check_value(k.declaration, *k.get(n), j.place(path + k.declaration.name));
    }
    check_name(n.name, j.place(path + "name"));
  }
}

void complete_source(const job& j, source_spec& source, const std::string& path,
                     const catalogue& known) {
  const reader_entry& format =
      known.data.readers.at(source.format, j.place(path + ".format"), "format");
  fill(j, source.options, format.options, path, fmt::format("format '{}'", format.name));
}

void complete_data(job& j, const catalogue& known) {
  complete_source(j, j.data.train, "data.train", known);
  if (j.data.test) complete_source(j, *j.data.test, "data.test", known);
  for (std::size_t i = 0; i < j.data.transforms.size(); ++i) {
    transform_spec& t = j.data.transforms[i];
    const std::string path = fmt::format("data.transforms.{}", i);
    const transform_entry& entry = known.data.transforms.at(t.name, j.place(path), "transform");
    fill(j, t.options, entry.options, path + "." + t.name, fmt::format("transform '{}'", t.name));
  }
}

void complete_model(job& j, const catalogue& known) {
  double row = 1;
  for (const std::size_t extent : j.model.input) row *= static_cast<double>(extent);
  if (j.model.input.empty() || j.model.input.size() > 8 || row > most_row_volume) {
    throw job_error(j.place("model.input"),
                    fmt::format("'input' must have 1 to 8 extents and at most {} numbers in all",
                                static_cast<std::int64_t>(most_row_volume)));
  }
  if (j.model.layers.empty()) {
    throw job_error(j.place("model.layers"), "a model needs at least one layer");
  }
  for (std::size_t i = 0; i < j.model.layers.size(); ++i) {
    layer_spec& l = j.model.layers[i];
    const std::string path = fmt::format("model.layers.{}", i);
    const layer_entry& entry = known.models.layers.at(l.kind, j.place(path), "layer");
    fill(j, l.options, entry.options, path + "." + l.kind, fmt::format("layer '{}'", l.kind));
  }
  known.models.losses.at(j.model.loss, j.place("model.loss"), "loss");
  for (std::size_t i = 0; i < j.model.metrics.size(); ++i) {
    metric_spec& m = j.model.metrics[i];
    const std::string path = fmt::format("model.metrics.{}", i);
    const metric_entry& entry = known.models.metrics.at(m.name, j.place(path), "metric");
    fill(j, m.options, entry.options, path + "." + m.name, fmt::format("metric '{}'", m.name));
  }
}

template <class Entry>
void complete_choice(const job& j, choice_spec& choice, const registry<Entry>& known,
                     const std::string& kind) {
  const std::string path = "optimizer." + kind;
  const Entry& entry = known.at(choice.name, j.place(path + ".name"), kind);
  fill(j, choice.options, entry.options, path, fmt::format("{} '{}'", kind, choice.name));
}

void complete_rule(const job& j, rule_spec& rule, const std::string& key, const catalogue& known) {
  const std::string path = "optimizer." + key;
  const rule_entry& entry =
      known.models.rules.at(rule.name, j.place(path + ".name"), "gradient rule");
  fill(j, rule.options, entry.options, path, fmt::format("gradient rule '{}'", entry.name));
}

/// Options of the protocol that gradient rules have, too, and that have a value in any case: what
/// its own rule goes by.
std::string own_rule_options(const protocol_entry& protocol, const catalogue& known) {
  std::vector<std::string> names;
  for (const setting& option : protocol.options) {
    if (!option.fallback) continue;
    for (const rule_entry& rule : known.models.rules.entries()) {
      const bool has = std::any_of(rule.options.begin(), rule.options.end(),
                                   [&](const setting& s) { return s.name == option.name; });
      if (!has) continue;
      names.push_back(option.name);
      break;
    }
  }
  return names.empty() ? "" : fmt::format(" ({})", fmt::join(names, ", "));
}

void complete_rules(job& j, const protocol_entry& protocol, const catalogue& known) {
  optimizer_spec& o = j.optimizer;
  if (protocol.rule != rule_place::none) {
    complete_rule(j, o.gradient_rule, "gradient_rule", known);
  } else {
    // A job built in code starts with a plain rule; what was asked for is something else.
    const rule_spec plain;
    const bool asked = !o.gradient_rule.name.empty() &&
                       (j.places.count("optimizer.gradient_rule") > 0 ||
                        o.gradient_rule.name != plain.name || !o.gradient_rule.options.empty());
    if (asked) {
      throw job_error(
          j.place("optimizer.gradient_rule"),
          fmt::format("protocol '{}' has a rule of its own{}: leave 'gradient_rule' out",
                      protocol.name, own_rule_options(protocol, known)));
    }
    o.gradient_rule = {"", {}};
  }
  if (!o.server_rule) return;
  if (!protocol.takes_server_rule) {
    throw job_error(j.place("optimizer.server_rule"),
                    fmt::format("protocol '{}' takes no 'server_rule'", protocol.name));
  }
  complete_rule(j, *o.server_rule, "server_rule", known);
}

void complete_window(job& j, const protocol_entry& protocol) {
  optimizer_spec& o = j.optimizer;
  if (!protocol.has_window) {
    o.communication_window = std::max(1u, protocol.default_window);
    o.window_is_epoch = false;
    return;
  }
  if (o.communication_window == 0 && protocol.default_window == epoch_window) {
    o.window_is_epoch = true;
  }
  if (o.window_is_epoch) {
    o.communication_window = epoch_window;
  } else if (o.communication_window == 0) {
    o.communication_window = std::max(1u, protocol.default_window);
  } else if (o.communication_window > epoch_window) {
    throw job_error(j.place("optimizer.communication_window"),
                    fmt::format("'communication_window' must be at most {}", epoch_window));
  }
}

void complete_consistency(job& j, const protocol_entry& protocol, const catalogue& known) {
  choice_spec& c = j.optimizer.consistency;
  if (c.name.empty()) {
    c.name = protocol.consistencies.empty() ? "asynchronous" : protocol.consistencies.front();
  }
  complete_choice(j, c, known.consistencies, "consistency");
  // Nobody ahead of anybody: a round.
  if (c.name != "bounded" || c.options.integer("staleness") != 0) return;
  c = {"synchronous", {}};
  complete_choice(j, c, known.consistencies, "consistency");
}

void complete_optimizer(job& j, const catalogue& known) {
  optimizer_spec& o = j.optimizer;
  const protocol_entry& protocol =
      find_protocol(known.protocols, o.protocol, j.place("optimizer.protocol"));
  o.protocol = protocol.name;
  fill(j, o.options, protocol.options, "optimizer", fmt::format("protocol '{}'", o.protocol));
  complete_window(j, protocol);
  complete_rules(j, protocol, known);
  complete_consistency(j, protocol, known);
  complete_choice(j, o.compression, known.compressions, "compression");
}

}  // namespace

void complete(job& j, const catalogue& known) {
  check_plain_keys(j);
  complete_data(j, known);
  complete_model(j, known);
  complete_optimizer(j, known);
}

}  // namespace troupe
