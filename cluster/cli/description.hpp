#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace troupe::cli {

/// What can stand for a value, for shells that complete it.
enum class value_kind {
  none,      ///< a flag: it has no value
  any,       ///< nobody knows
  file,      ///< path of a file
  folder,    ///< path of a folder
  word,      ///< one of `words`
  list,      ///< some of `words`, with commas between
  beginning  ///< it may begin like one of `words`
};

struct option_description {
  std::string short_name;  ///< "-h"; "" where there is none
  std::string long_name;   ///< "--help"; "" for what stands by its place alone
  std::string value;       ///< as the help calls it: FILE; "" for a flag
  std::string summary;
  bool required = false, repeated = false;
  value_kind kind = value_kind::none;
  std::vector<std::string> words;

  bool positional() const { return long_name.empty(); }
};

struct command_description {
  std::string name, summary;
  std::string details;  ///< lines below the help; "" where there are none
  std::vector<option_description> options;
};

/// The command line as data: the manual page and the completion of shells are made of it.
struct program_description {
  std::string name, version, summary, details;
  std::vector<option_description> options;
  std::vector<command_description> commands;
};

/// Reads its definition, and asks the catalogue which names there are.
program_description describe(const CLI::App& app);

/// The manual page, in the language of troff.
std::string manual_page(const program_description& program);

/// Scripts that complete the command line in bash, zsh and fish.
std::string bash_completion(const program_description& program);
std::string zsh_completion(const program_description& program);
std::string fish_completion(const program_description& program);

}  // namespace troupe::cli
