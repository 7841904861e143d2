#include "troupe/config/sections/special.hpp"

#include <utility>

#include "troupe/config/sections/options.hpp"
#include "troupe/config/yaml/scalar.hpp"

namespace troupe {

using yaml::node;
using yaml::writer;

namespace {

key<job> special(std::string name, std::string meaning, std::string form, bool required = false) {
  key<job> k;
  k.declaration.name = std::move(name);
  k.declaration.meaning = std::move(meaning);
  k.declaration.required = required;
  k.form = std::move(form);
  return k;
}

/// The options that entries of a registry declare.
template <class Entry>
declared_options options_in(const registry<Entry>& known, std::string kind) {
  return [&known, kind](const std::string& name,
                        const std::string& place) -> const std::vector<setting>& {
    return known.at(name, place, kind).options;
  };
}

settings with_name(const std::string& label, const std::string& name, const settings& options) {
  settings out{{label, name}};
  for (const auto& [option, value] : options.values()) out.set(option, value);
  return out;
}

}  // namespace

key<job> source_key(const std::string& name) {
  const bool train = name == "train";
  key<job> k = special(name,
                       train ? "the rows to train on"
                             : "the rows to test on; instead of it, `split` sets rows of `train` "
                               "aside",
                       "`{format: name, options}`, see [Formats](#formats)", train);
  k.read = [train](job& j, const node& n, const catalogue& known) {
    named_options read =
        read_choice(n, "format", "format", options_in(known.data.readers, "format"));
    source_spec source{std::move(read.name), std::move(read.options)};
    if (train) {
      j.data.train = std::move(source);
    } else {
      j.data.test = std::move(source);
    }
  };
  k.write = [name, train](const job& j, writer& out) {
    if (!train && !j.data.test) return;
    const source_spec& source = train ? j.data.train : *j.data.test;
    out.put_map(name, with_name("format", source.format, source.options));
  };
  return k;
}

key<job> transforms_key() {
  key<job> k = special("transforms",
                       "what is done to every row, in order; fitted on the training part only and "
                       "saved with the model",
                       "list of [transforms](#transforms)");
  k.read = [](job& j, const node& n, const catalogue& known) {
    j.data.transforms.clear();
    for (auto& item : read_items(n, "transform", options_in(known.data.transforms, "transform"))) {
      j.data.transforms.push_back({std::move(item.name), std::move(item.options)});
    }
  };
  k.write = [](const job& j, writer& out) {
    out.begin("transforms");
    for (const transform_spec& t : j.data.transforms) out.item_with_options(t.name, t.options);
    out.end("[]");
  };
  return k;
}

key<job> layers_key() {
  key<job> k = special("layers", "what the model does to a row, in order",
                       "list of [layers](#layers)", true);
  k.read = [](job& j, const node& n, const catalogue& known) {
    j.model.layers.clear();
    for (auto& item : read_items(n, "layer", options_in(known.models.layers, "layer"))) {
      j.model.layers.push_back({std::move(item.name), std::move(item.options)});
    }
  };
  k.write = [](const job& j, writer& out) {
    out.begin("layers");
    for (const layer_spec& l : j.model.layers) out.item_with_options(l.kind, l.options);
    out.end("[]");
  };
  return k;
}

key<job> metrics_key() {
  key<job> k = special("metrics", "what an evaluation reports beside the loss",
                       "list of [metrics](#metrics)");
  k.read = [](job& j, const node& n, const catalogue& known) {
    j.model.metrics.clear();
    for (auto& item : read_items(n, "metric", options_in(known.models.metrics, "metric"))) {
      j.model.metrics.push_back({std::move(item.name), std::move(item.options)});
    }
  };
  k.write = [](const job& j, writer& out) {
    out.begin("metrics");
    for (const metric_spec& m : j.model.metrics) out.item_with_options(m.name, m.options);
    out.end("[]");
  };
  return k;
}

key<job> window_key() {
  key<job> k = special("communication_window",
                       "mini-batches between two conversations with the parameter servers; the "
                       "default is the protocol's",
                       "a whole number of at least 1, or `epoch`");
  k.read = [](job& j, const node& n, const catalogue&) {
    j.optimizer.window_is_epoch = n.is(node::kind::scalar) && n.text == "epoch";
    if (j.optimizer.window_is_epoch) return;
    const setting window = declare::integer("communication_window", "")
                               .at_least(1)
                               .at_most(static_cast<double>(epoch_window));
    j.optimizer.communication_window =
        static_cast<std::uint32_t>(std::get<std::int64_t>(yaml::value_of(n, window)));
  };
  k.write = [](const job& j, writer& out) {
    if (j.optimizer.window_is_epoch) {
      out.put("communication_window", std::string("epoch"));
    } else if (j.optimizer.communication_window > 0) {
      out.put("communication_window", std::int64_t{j.optimizer.communication_window});
    }
  };
  return k;
}

namespace {

rule_spec read_rule(const node& n, const catalogue& known) {
  named_options read =
      read_choice(n, "name", "gradient rule", options_in(known.models.rules, "gradient rule"));
  return {std::move(read.name), std::move(read.options)};
}

constexpr const char* rule_form =
    "`name` or `{name: ..., options}`, see "
    "[Gradient rules](#gradient-rules)";

}  // namespace

key<job> rule_key() {
  key<job> k = special("gradient_rule",
                       "what is done with a gradient, by the worker unless the protocol says the "
                       "server",
                       rule_form);
  k.read = [](job& j, const node& n, const catalogue& known) {
    j.optimizer.gradient_rule = read_rule(n, known);
  };
  k.write = [](const job& j, writer& out) {
    const rule_spec& rule = j.optimizer.gradient_rule;
    if (rule.name.empty()) return;  // the protocol has one of its own
    out.put_map("gradient_rule", with_name("name", rule.name, rule.options));
  };
  return k;
}

key<job> server_rule_key() {
  key<job> k = special("server_rule",
                       "what a parameter server does with a commit, taken for a gradient with the "
                       "opposite sign; for protocols that say so",
                       rule_form);
  k.read = [](job& j, const node& n, const catalogue& known) {
    j.optimizer.server_rule = read_rule(n, known);
  };
  k.write = [](const job& j, writer& out) {
    if (!j.optimizer.server_rule) return;
    const rule_spec& rule = *j.optimizer.server_rule;
    out.put_map("server_rule", with_name("name", rule.name, rule.options));
  };
  return k;
}

namespace {

/// `consistency` and `compression` differ in nothing but what they know.
template <class Entry>
key<job> choice_key(key<job> k, choice_spec optimizer_spec::*choice,
                    registry<Entry> catalogue::*known_choices) {
  const std::string name = k.declaration.name;
  k.read = [=](job& j, const node& n, const catalogue& known) {
    named_options read = read_choice(n, "name", name, options_in(known.*known_choices, name));
    j.optimizer.*choice = {std::move(read.name), std::move(read.options)};
  };
  k.write = [=](const job& j, writer& out) {
    const choice_spec& c = j.optimizer.*choice;
    if (c.name.empty()) return;
    out.put_map(name, with_name("name", c.name, c.options));
  };
  return k;
}

}  // namespace

key<job> consistency_key() {
  return choice_key(special("consistency", "when a parameter server answers",
                            "`name` or `{name: ..., options}`, see [Consistency](#consistency)"),
                    &optimizer_spec::consistency, &catalogue::consistencies);
}

key<job> compression_key() {
  return choice_key(special("compression", "how numbers travel",
                            "`name` or `{name: ..., options}`, see [Compression](#compression)"),
                    &optimizer_spec::compression, &catalogue::compressions);
}

}  // namespace troupe
