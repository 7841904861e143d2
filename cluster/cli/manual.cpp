#include <fmt/format.h>

#include <cctype>

#include "description.hpp"
#include "text.hpp"

namespace troupe::cli {

namespace {

/// As troff reads it as nothing but text: hyphens in `code` stay what a shell wants.
std::string plain(const std::string& text, bool code = false) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-' && code) {
      out += "\\-";
    } else {
      out += c;
    }
  }
  // A request begins with these.
  if (!out.empty() && (out.front() == '.' || out.front() == '\'')) out.insert(0, "\\&");
  return out;
}

std::string bold(const std::string& text) {
  return "\\fB" + plain(text, true) + "\\fR";
}
std::string italic(const std::string& text) {
  return "\\fI" + plain(text, true) + "\\fR";
}

/// "--set K=V", as it is typed.
std::string typed(const option_description& option) {
  if (option.positional()) return italic(option.value);
  return bold(option.long_name) + (option.value.empty() ? "" : " " + italic(option.value));
}

std::string usage(const command_description& command, const std::string& program) {
  std::string line = bold(program) + " " + bold(command.name);
  for (const bool positional : {true, false}) {
    for (const option_description& option : command.options) {
      if (option.positional() != positional || option.long_name == "--help") continue;
      std::string part = typed(option);
      if (!option.required) part = "[" + part + "]";
      if (option.repeated) part += "...";
      line += " " + part;
    }
  }
  return line + "\n";
}

std::string options_text(const std::vector<option_description>& options) {
  std::string text;
  for (const option_description& option : options) {
    if (option.long_name == "--help") continue;
    text += ".TP\n" + typed(option) + "\n" + plain(option.summary) + ".\n";
    if (option.words.empty() || option.kind == value_kind::beginning) continue;
    text += "One of";
    if (option.kind == value_kind::list) text += ", or several of";
    std::string between = " ";
    for (const std::string& word : option.words) {
      text += between + bold(word);
      between = ", ";
    }
    text += ".\n";
  }
  return text;
}

/// Lines that are filled, but for examples, which stay as they are.
std::string details_text(const std::string& details) {
  const std::string example = "Example: ";
  std::string text;
  for (const std::string& line : split(details, '\n')) {
    if (line.rfind(example, 0) == 0) {
      text +=
          ".PP\nExample:\n.PP\n.in +4n\n.nf\n" + bold(line.substr(example.size())) + "\n.fi\n.in\n";
    } else {
      text += plain(line) + "\n";
    }
  }
  return text;
}

constexpr const char* after_commands =
    ".SH FILES\n"
    ".TP\n\\fIruns/NAME\\-DATE\\-TIME\\fR\n"
    "The folder of a run, unless \\fB\\-\\-run\\fR names another.\n"
    ".TP\n\\fBjob.yaml\\fR, \\fBsummary.json\\fR, \\fBhistory.jsonl\\fR, \\fBevents.jsonl\\fR\n"
    "In it: the job with every default, the numbers of the whole run, its reports, its events.\n"
    ".TP\n\\fBmodel.troupe\\fR, \\fBcheckpoints\\fR\n"
    "In it: the trained model; what \\fB\\-\\-resume\\fR goes on from.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBNO_COLOR\\fR\n"
    "Where it is set, \\fBtroupe top\\fR has no colours.\n"
    ".SH SEE ALSO\n"
    "The documentation in \\fI/usr/share/doc/troupe\\fR: every key of a job in\n"
    "\\fIdocs/job\\-file.md\\fR, every option and file in \\fIdocs/command\\-line.md\\fR.\n";

}  // namespace

std::string manual_page(const program_description& program) {
  std::string page = fmt::format(
      ".\\\" Made by `{0} man` from the definition of the command line.\n"
      ".TH {1} 1 \"\" \"{0} {2}\" \"User Commands\"\n"
      ".nh\n.ad l\n"
      ".SH NAME\n{0} \\- {3}\n",
      program.name, "TROUPE", program.version, "train neural networks with actors");
  page += ".SH SYNOPSIS\n" + bold(program.name) + " " + italic("COMMAND") + " [" +
          italic("ARGUMENT") + "]...\n.br\n" + bold(program.name) + " " + bold("help") + " [" +
          italic("COMMAND") + "]\n";
  page += ".SH DESCRIPTION\n" + plain(program.summary) + "\n" + details_text(program.details);
  page += ".SH OPTIONS\n" + options_text(program.options);
  page += ".TP\n" + bold("-h") + ", " + bold("--help") +
          "\nPrint what there is to say, also behind any command.\n";
  page += ".SH COMMANDS\n";
  for (const command_description& command : program.commands) {
    page += ".SS " + command.name + "\n" + usage(command, program.name) + ".PP\n";
    std::string summary = plain(command.summary);
    summary.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(summary.front())));
    page += summary + ".\n" + options_text(command.options);
    if (!command.details.empty()) page += ".PP\n" + details_text(command.details);
  }
  return page + after_commands;
}

}  // namespace troupe::cli
