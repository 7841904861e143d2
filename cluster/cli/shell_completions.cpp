#include <fmt/format.h>

#include "description.hpp"

namespace troupe::cli {

namespace {

/// With a backslash before each of `special`.
std::string escaped(const std::string& text, const char* special) {
  std::string out;
  for (const char c : text) {
    if (std::string(special).find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

/// In single quotes, for zsh: '\'' stands for one of them.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// What zsh's _arguments does to complete a value.
std::string action(const option_description& option) {
  switch (option.kind) {
    case value_kind::file:
      return "_files";
    case value_kind::folder:
      return "_files -/";
    case value_kind::word:
      return "(" + joined(option.words) + ")";
    case value_kind::beginning:
      return "compadd -S '' - " + joined(option.words);
    case value_kind::list:
      return "_sequence compadd - " + joined(option.words);
    default:
      return " ";
  }
}

std::string argument_of(const option_description& option) {
  const std::string value = escaped(option.value, ":") + ":" + action(option);
  if (option.positional()) return quoted((option.repeated ? "*:" : ":") + value);
  const std::string summary = "[" + escaped(option.summary, "[]:\\") + "]";
  if (option.kind == value_kind::none) return quoted(option.long_name + summary);
  return quoted((option.repeated ? "*" : "") + option.long_name + "=" + summary + ":" + value);
}

/// What fish offers for a value.
std::string offered(const option_description& option) {
  switch (option.kind) {
    case value_kind::none:
      return "";
    case value_kind::file:
      return " -r -F";
    case value_kind::folder:
      return " -x -a '(__fish_complete_directories)'";
    case value_kind::list:
      return " -x -a '(__fish_append , " + joined(option.words) + ")'";
    case value_kind::any:
      return " -x";
    default:
      return " -x -a '" + joined(option.words) + "'";
  }
}

std::string fish_quoted(const std::string& text) {
  return "'" + escaped(text, "'\\") + "'";
}

}  // namespace

std::string zsh_completion(const program_description& program) {
  std::string text =
      "#compdef troupe\n# Made by `troupe completion zsh`.\n\n_troupe() {\n"
      "  local state line\n"
      "  typeset -A opt_args\n"
      "  _arguments -C";
  for (const option_description& option : program.options) {
    text += " \\\n    " + quoted("(- *)" + option.long_name + "[" + option.summary + "]");
  }
  text += " \\\n    '1: :->command' '*:: :->arguments'\n  case $state in\n  command)\n";
  text += "    local -a commands=(\n";
  for (const command_description& command : program.commands) {
    text += "      " + quoted(command.name + ":" + escaped(command.summary, ":\\")) + "\n";
  }
  text += "    )\n    _describe command commands\n    ;;\n  arguments)\n    case $words[1] in\n";
  for (const command_description& command : program.commands) {
    text += "    " + command.name + ")\n      _arguments";
    for (const option_description& option : command.options) {
      text += " \\\n        " + argument_of(option);
    }
    text += "\n      ;;\n";
  }
  // Sourced it registers itself; found by its name it is the body of the function.
  return text +
         "    esac\n    ;;\n  esac\n}\n\n"
         "if [[ $funcstack[1] == _troupe ]]; then\n  _troupe \"$@\"\nelse\n"
         "  compdef _troupe troupe\nfi\n";
}

std::string fish_completion(const program_description& program) {
  std::string text = "# Made by `troupe completion fish`.\n\ncomplete -c troupe -f\n";
  for (const option_description& option : program.options) {
    text += fmt::format("complete -c troupe -n __fish_use_subcommand -l {} -d {}\n",
                        option.long_name.substr(2), fish_quoted(option.summary));
  }
  for (const command_description& command : program.commands) {
    text += fmt::format("complete -c troupe -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        fish_quoted(command.summary));
    const std::string seen =
        fmt::format("complete -c troupe -n '__fish_seen_subcommand_from {}'", command.name);
    for (const option_description& option : command.options) {
      text += seen;
      if (option.positional()) {
        // Only an option takes "-r": what stands by its place is offered as it is.
        if (option.kind == value_kind::file) {
          text += " -F";
        } else if (option.kind == value_kind::folder) {
          text += " -a '(__fish_complete_directories)'";
        } else {
          text += " -a '" + joined(option.words) + "'";
        }
      } else {
        text += " -l " + option.long_name.substr(2) + offered(option) + " -d " +
                fish_quoted(option.summary);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace troupe::cli
