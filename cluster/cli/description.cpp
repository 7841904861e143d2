#include "description.hpp"

#include <map>

#include "troupe/actors/version.hpp"
#include "troupe/troupe.hpp"

namespace troupe::cli {

namespace {

struct value_description {
  value_kind kind;
  std::vector<std::string> words;
};

std::vector<std::string> visible_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

void append(std::vector<std::string>& to, const std::string& before,
            const std::vector<std::string>& names) {
  for (const std::string& name : names) to.push_back(before + name);
}

/// Options and arguments whose words are known, by their names.
std::map<std::string, value_description> known_values(const CLI::App& app) {
  const catalogue known = catalogue::builtin();
  std::vector<std::string> formats;
  for (const std::string& name : known.data.readers.names()) {
    if (name != "synthetic") formats.push_back(name);  // it reads no file
  }
  std::vector<std::string> optimizers = known.protocols.names(), settings;
  append(optimizers, "", known.consistencies.names());
  append(optimizers, "", known.compressions.names());
  append(settings, "optimizer.protocol=", known.protocols.names());
  append(settings, "optimizer.consistency=", known.consistencies.names());
  append(settings, "optimizer.compression=", known.compressions.names());
  append(settings, "model.loss=", known.models.losses.names());
  append(settings, "training.",
         {"epochs=", "batch_size=", "evaluate_every=", "keep=last", "keep=best"});
  append(settings, "actors.", {"workers=", "parameter_servers=", "data_shards="});
  append(settings, "optimizer.", {"communication_window=", "gradient_rule=", "overlap=true"});
  return {{"--format", {value_kind::word, formats}},
          {"--protocols", {value_kind::list, known.protocols.names()}},
          {"--set", {value_kind::beginning, settings}},
          {"NAME", {value_kind::word, optimizers}},
          {"COMMAND", {value_kind::word, visible_commands(app)}},
          {"SHELL", {value_kind::word, {"bash", "zsh", "fish"}}}};
}

option_description option_of(const CLI::Option& option,
                             const std::map<std::string, value_description>& known) {
  option_description d;
  if (!option.get_snames().empty()) d.short_name = "-" + option.get_snames().front();
  if (!option.get_lnames().empty()) d.long_name = "--" + option.get_lnames().front();
  d.summary = option.get_description();
  d.required = option.get_required();
  d.repeated = option.get_expected_max() > 1;
  if (option.get_items_expected_max() == 0) return d;  // a flag
  d.value = d.positional() ? option.get_name(true) : option.get_type_name();
  const auto words = known.find(d.positional() ? d.value : d.long_name);
  const std::string type = option.get_type_name();
  if (words != known.end()) {
    d.kind = words->second.kind;
    d.words = words->second.words;
  } else if (type == "FILE" || type == "JOB") {
    d.kind = value_kind::file;
  } else {
    d.kind = type == "DIR" ? value_kind::folder : value_kind::any;
  }
  return d;
}

std::vector<option_description> options_of(const CLI::App& app,
                                           const std::map<std::string, value_description>& known) {
  std::vector<option_description> all;
  for (const CLI::Option* option : app.get_options()) all.push_back(option_of(*option, known));
  return all;
}

}  // namespace

program_description describe(const CLI::App& app) {
  const auto known = known_values(app);
  program_description d;
  d.name = app.get_name();
  d.version = version;
  d.summary = app.get_description();
  d.details = app.get_footer();
  d.options = options_of(app, known);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    d.commands.push_back({command->get_name(), command->get_description(), command->get_footer(),
                          options_of(*command, known)});
  }
  return d;
}

}  // namespace troupe::cli
