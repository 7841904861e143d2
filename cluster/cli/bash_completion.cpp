#include <fmt/format.h>

#include "description.hpp"

// One function, `_troupe`, and two tables of cases. It needs bash alone, not the package
// bash-completion, which finds it by its name.

namespace troupe::cli {

namespace {

constexpr const char* functions = R"(
# Completes the word under the cursor of a command line of troupe.
_troupe() {
  # Bash cuts words at = and :, which belong to values here.
  local words=() word i
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]} > 1)) && [[ $word == [=:]* || ${words[-1]} == *[=:] ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  local current=${words[-1]} command="" option="" kind="" values="" place=1
  for word in "${words[@]:1:${#words[@]}-2}"; do
    if [[ $option ]]; then
      option=""
    elif [[ $word == --*=* ]]; then
      :
    elif [[ $word == -* ]]; then
      _troupe_value "$command $word"
      [[ $kind ]] && option=$word
    elif [[ ! $command ]]; then
      command=$word
    else
      ((++place))
    fi
  done
  COMPREPLY=()
  if [[ $option ]]; then
    _troupe_value "$command $option"
  elif [[ $current == --*=* ]]; then
    _troupe_value "$command ${current%%=*}"
    current=${current#*=}
  elif [[ ! $command && $current != -* ]]; then
    kind=word values=$(_troupe_words commands)
  else
    _troupe_value "$command $place"
    if [[ $current == -* || ! $kind ]]; then
      kind=word values=$(_troupe_words "$command")
    fi
  fi
  case $kind in
    file | folder)
      compopt -o filenames 2>/dev/null
      [[ $kind == file ]] && kind=f || kind=d
      mapfile -t COMPREPLY < <(compgen -$kind -- "$current")
      ;;
    word | beginning) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
    list)
      local before=""
      [[ $current == *,* ]] && before=${current%,*},
      mapfile -t COMPREPLY < <(compgen -P "$before" -W "$values" -- "${current##*,}")
      ;;
  esac
  [[ $kind == list || ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  # What bash takes for the word ends where it cuts.
  local cut=${current%"${current##*[=:]}"}
  [[ $cut ]] && COMPREPLY=("${COMPREPLY[@]#"$cut"}")
  return 0
}
complete -o bashdefault -o default -F _troupe troupe
)";

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

const char* name_of(value_kind kind) {
  switch (kind) {
    case value_kind::file:
      return "file";
    case value_kind::folder:
      return "folder";
    case value_kind::word:
      return "word";
    case value_kind::list:
      return "list";
    case value_kind::beginning:
      return "beginning";
    default:
      return "any";
  }
}

std::vector<std::string> long_names(const std::vector<option_description>& options) {
  std::vector<std::string> names;
  for (const option_description& option : options) {
    if (!option.positional()) names.push_back(option.long_name);
  }
  return names;
}

}  // namespace

std::string bash_completion(const program_description& program) {
  std::string text = "# Made by `troupe completion bash`.\n\n";
  text += "# The commands, or the options of one.\n_troupe_words() {\n  case $1 in\n";
  std::vector<std::string> commands;
  for (const command_description& command : program.commands) {
    text +=
        fmt::format("    {}) echo '{}' ;;\n", command.name, joined(long_names(command.options)));
    commands.push_back(command.name);
  }
  text += fmt::format("    commands) echo '{}' ;;\n    *) echo '{}' ;;\n  esac\n}}\n\n",
                      joined(commands), joined(long_names(program.options)));
  text +=
      "# What stands behind an option of a command, or at a place: its kind and values.\n"
      "_troupe_value() {\n  kind=\"\" values=\"\"\n  case $1 in\n";
  for (const command_description& command : program.commands) {
    int place = 0;
    for (const option_description& option : command.options) {
      if (option.kind == value_kind::none) continue;
      std::string key = option.long_name;
      if (option.positional()) key = option.repeated ? "[0-9]*" : std::to_string(++place);
      text += fmt::format("    {}\\ {}) kind={}", command.name, key, name_of(option.kind));
      if (!option.words.empty()) text += fmt::format(" values='{}'", joined(option.words));
      text += " ;;\n";
    }
  }
  return text + "  esac\n}\n" + functions;
}

}  // namespace troupe::cli
