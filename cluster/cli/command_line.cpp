#include "command_line.hpp"

#include "connecting.hpp"
#include "description.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "troupe/actors/version.hpp"
#include "troupe/base/settings.hpp"

namespace troupe::cli {

namespace {

constexpr const char* after_all =
    "Progress goes to standard error, results to standard output.\n"
    "Exit status: 0 done, 1 the run failed, 2 bad usage or job, 3 bad data or model file,\n"
    "130 interrupted.\n"
    "'troupe help COMMAND' says more about one command.";

constexpr const char* after_train =
    "The folder of a run gets job.yaml, history.jsonl, events.jsonl, model.troupe and\n"
    "summary.json; one that holds a run already is refused.\n"
    "Ctrl-C ends the run after the windows under way and saves the model; a second one ends\n"
    "the program at once.\n"
    "Example: troupe train job.yaml --set training.epochs=5 --run runs/first";

constexpr const char* after_launch =
    "Starts the nodes that the job's cluster section names (none: one for the servers and one\n"
    "for each worker, on this machine), leads the run from here and ends them. The output of the\n"
    "nodes goes to nodes/<name>.log in the folder of the run; the other files are as of train.\n"
    "Ctrl-C ends the run after the windows under way; a second one ends the program at once,\n"
    "and the nodes leave by themselves when they have missed it for a while.";

constexpr const char* after_node =
    "Usually started by troupe launch. Ctrl-C or SIGTERM: leaves once the windows under way are\n"
    "done; a second one ends the program at once.\n"
    "Exit status: 0 it was told to leave, 1 it was turned away or lost the job for good.";

constexpr const char* after_predict =
    "One line a row: the label, then, for a classification, the probabilities of the classes.\n"
    "The rows are in the form of the training data, before any transform; they may have labels,\n"
    "which are not looked at.";

constexpr const char* after_compare =
    "Trains the job once for each protocol and number of workers, one after the other. What the\n"
    "job says of its optimizer and does not go with a protocol is left out, and said.\n"
    "The folder gets table.md, table.json, compare.html (curves; open it in a browser) and the\n"
    "folder of each run. A run that fails is a row with its reason; the others still run.\n"
    "Example: troupe compare job.yaml --protocols sequential,downpour,adag --workers 1,2,4";

constexpr const char* after_report =
    "The page needs nothing but itself: open it in a browser. It shows a run that is over, failed "
    "or\n"
    "under way: curves, workers, staleness, traffic, what happened, the job and the summary.\n"
    "Example: troupe report runs/first --output first.html";

constexpr const char* after_top =
    "Leaving (q) changes nothing for the run; ? lists the keys. Where standard output is no "
    "terminal\n"
    "a line comes every few seconds, until the run ends; with --json it is the run's answer.";

constexpr const char* after_completion =
    "Packages install it where shells look for it; without one, in ~/.bashrc:\n"
    "Example: source <(troupe completion bash)";

constexpr const char* after_certificates =
    "The folder gets ca.pem and ca-key.pem, and NAME.pem and NAME-key.pem for each host. One that\n"
    "has an authority keeps it: hosts may be added later. No file is overwritten. ca-key.pem and\n"
    "the keys of hosts are secrets; a host needs ca.pem and its own two files.\n"
    "Example: troupe certificates certificates --host alpha --host 10.0.0.7";

/// `--set K=V` takes one value each time, so that a job file may follow it.
void add_set(CLI::App* command, std::vector<std::string>& overrides) {
  command
      ->add_option("--set", overrides,
                   "change a key of the job: training.epochs=5; may be given again")
      ->type_name("K=V")
      ->allow_extra_args(false);
}

CLI::Option* named(CLI::Option* option, const char* type) {
  return option->type_name(type);
}

std::string help_of(const CLI::App& app, const std::string& name) {
  return app.get_formatter()->make_help(&app, name, CLI::AppFormatMode::Normal);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace

command_line::command_line() : app_("Trains neural networks with a troupe of actors.", "troupe") {
  app_.set_version_flag("--version", std::string("troupe ") + version, "print the version");
  app_.set_help_flag("-h,--help", "print this text");
  app_.get_formatter()->column_width(26);
  add_train();
  add_launch();
  add_node();
  add_check();
  add_evaluate();
  add_predict();
  add_compare();
  add_report();
  add_controls();
  add_optimizers();
  add_certificates();
  add_texts();
  add_help();
  app_.footer(after_all);  // last: commands inherit what is set before them
}

void command_line::add_run_options(CLI::App* command, train_arguments& arguments) {
  named(command->add_option("JOB", arguments.job, "job file (YAML)"), "FILE")->required();
  add_set(command, arguments.overrides);
  named(command->add_option("--run", arguments.folder,
                            "folder of the run; default: runs/<name>-<date>-<time>"),
        "DIR");
  command->add_flag("--resume", arguments.resume,
                    "go on with the run in --run from its last checkpoint, if it holds one");
  command->add_flag("--json", arguments.json, "print the summary as one object and nothing else");
  command->add_flag("--quiet", arguments.quiet, "show no progress");
}

void command_line::add_train() {
  auto* command = app_.add_subcommand("train", "train a job in this process");
  add_run_options(command, train_);
  command->footer(after_train);
  command->callback([this] { status_ = train_command(train_); });
}

void command_line::add_launch() {
  auto* command = app_.add_subcommand("launch", "train a job over the nodes of its cluster");
  add_run_options(command, launch_);
  command->footer(after_launch);
  command->callback([this] { status_ = launch_command(launch_); });
}

void command_line::add_node() {
  auto* command = app_.add_subcommand("node", "be a node of a cluster until told to leave");
  named(command->add_option("--join", node_.join, "where the job was launched"), "HOST:PORT")
      ->required();
  named(command->add_option("--name", node_.name, "as the job calls this node"), "NAME")
      ->required();
  named(command->add_option("--cluster", node_.cluster,
                            "id of the cluster: the job's cluster.id, else its name"),
        "ID")
      ->required();
  named(command->add_option("--workers", node_.workers,
                            "help a run whose job does not name this node, with so many workers"),
        "N")
      ->check(CLI::Range(0, 1024).description(""));
  named(command->add_option("--parameter-servers", node_.parameter_servers,
                            "and with so many parameter servers"),
        "N")
      ->check(CLI::Range(0, 1024).description(""));
  named(command->add_option("--listen", node_.listen, "address to listen on; default: 127.0.0.1"),
        "ADDRESS");
  named(command->add_option("--port", node_.port, "port to listen on; default: any"), "PORT");
  named(command->add_option("--advertise", node_.advertise,
                            "where other nodes reach this one; default: as the job and it say"),
        "HOST[:PORT]");
  add_tls_files(command, node_.ca, node_.certificate, node_.key);
  named(command->add_option("--credentials", node_.bundle,
                            "all three in one, '-': from standard input"),
        "FILE");
  command->add_flag("--no-tls", node_.plain, "plain connections, on loopback only");
  named(command->add_option("--dead-after", node_.dead_after,
                            "seconds of silence after which a connection is lost; default: 10"),
        "SECONDS");
  named(command->add_option("--patience", node_.patience,
                            "seconds to find the launched job in; default: 60"),
        "SECONDS");
  command->footer(after_node);
  command->callback([this] { status_ = node_command(node_); });
}

void command_line::add_check() {
  auto* command =
      app_.add_subcommand("check", "validate a job and its data, print a summary, train nothing");
  named(command->add_option("JOB", check_.job, "job file (YAML)"), "FILE")->required();
  add_set(command, check_.overrides);
  command->callback([this] { status_ = check_command(check_); });
}

void command_line::add_evaluate() {
  auto* command = app_.add_subcommand("evaluate", "score a saved model on the test part of a job");
  named(command->add_option("MODEL", evaluate_.model, "model.troupe of a run"), "FILE")->required();
  named(command->add_option("--data", evaluate_.job,
                            "job whose test part is scored; default: the model's own"),
        "JOB");
  add_set(command, evaluate_.overrides);
  command->add_flag("--json", evaluate_.json, "print one object and nothing else");
  command->callback([this] { status_ = evaluate_command(evaluate_); });
}

void command_line::add_predict() {
  auto* command = app_.add_subcommand("predict", "label rows with a saved model");
  named(command->add_option("MODEL", predict_.model, "model.troupe of a run"), "FILE")->required();
  named(command->add_option("--input", predict_.input, "file with the rows"), "FILE")->required();
  named(command->add_option("--output", predict_.output,
                            "file for the answers, written whole; default: standard output"),
        "FILE");
  named(command->add_option("--format", predict_.format,
                            "idx, csv, libsvm or npy; default: that of the training data"),
        "FORMAT");
  command->footer(after_predict);
  command->callback([this] { status_ = predict_command(predict_); });
}

void command_line::add_compare() {
  auto* command =
      app_.add_subcommand("compare", "train a job under several protocols and compare them");
  named(command->add_option("JOB", compare_.job, "job file (YAML)"), "FILE")->required();
  named(command->add_option("--protocols", compare_.protocols, "protocols: downpour,adag,aeasgd"),
        "A,B,C")
      ->required();
  named(command->add_option("--workers", compare_.workers,
                            "numbers of workers: 1,2,4; default: the job's"),
        "N,M");
  command->add_flag("--recommended", compare_.recommended,
                    "use each protocol's recommended settings, below --set");
  add_set(command, compare_.overrides);
  named(command->add_option("--run", compare_.folder,
                            "folder of the comparison; default: runs/<name>-compare-<date>-<time>"),
        "DIR");
  named(command->add_option("--output", compare_.output,
                            "the page of curves; default: compare.html in that folder"),
        "FILE");
  command->add_flag("--json", compare_.json, "print the table as one object and nothing else");
  command->add_flag("--quiet", compare_.quiet, "show no progress");
  command->footer(after_compare);
  command->callback([this] { status_ = compare_command(compare_); });
}

void command_line::add_report() {
  auto* command = app_.add_subcommand("report", "make a page of a run, or of several");
  named(command->add_option("RUN", report_.runs, "folder of a run; several are compared"), "DIR")
      ->required();
  named(command->add_option("--output", report_.output,
                            "the page; default: report.html in the folder of the one run"),
        "FILE");
  command->footer(after_report);
  command->callback([this] { status_ = report_command(report_); });
}

/// A command that talks to a run under way.
CLI::App* command_line::add_control(const char* name, const char* what,
                                    int (*does)(const control_arguments&)) {
  auto* command = app_.add_subcommand(name, what);
  named(command->add_option("--run", control_.folder,
                            "folder of the run; default: the newest under way below runs/"),
        "DIR");
  named(command->add_option("--connect", control_.connect,
                            "where it was launched, from another machine"),
        "HOST:PORT");
  add_tls_files(command, control_.ca, control_.certificate, control_.key);
  command->add_flag("--json", control_.json, "print the run's answer as it is");
  command->callback([this, does] { status_ = does(control_); });
  return command;
}

void command_line::add_controls() {
  add_control("status", "show how a run under way stands", status_command)
      ->add_flag("--slices", control_.slices, "a line for each slice of the parameters");
  add_control("top", "watch a run under way in the terminal", top_command)->footer(after_top);
  add_control("events", "list what has happened in a run", events_command)
      ->add_flag("--follow", control_.follow, "and what happens, until it ends");
  add_control("checkpoint", "write a checkpoint of a run under way now", checkpoint_command);
  add_control("stop", "end a run after the windows under way; it saves its model", stop_command);
}

void command_line::add_optimizers() {
  auto* command = app_.add_subcommand(
      "optimizers", "list protocols, consistencies and compressions, or all about one of them");
  named(command->add_option("NAME", optimizers_.name, "one of them: adag, bounded, top_k"), "NAME");
  command->add_flag("--json", optimizers_.json, "print one object and nothing else");
  command->callback([this] { status_ = optimizers_command(optimizers_); });
}

void command_line::add_certificates() {
  auto* command = app_.add_subcommand("certificates",
                                      "make an authority and certificates for a cluster's nodes");
  named(command->add_option("DIR", certificates_.folder, "folder of the certificates"), "DIR")
      ->required();
  named(command->add_option("--host", certificates_.hosts,
                            "name or address of a machine; may be given again"),
        "NAME")
      ->required()
      ->allow_extra_args(false);
  named(command->add_option("--days", certificates_.days, "how long they count; default: 3650"),
        "N");
  command->footer(after_certificates);
  command->callback([this] { status_ = certificates_command(certificates_); });
}

/// What packages install beside the program; it is made from what is declared here.
void command_line::add_texts() {
  auto* completion = app_.add_subcommand("completion", "print a script that completes in a shell");
  named(completion->add_option("SHELL", shell_, "bash, zsh or fish"), "NAME")->required();
  completion->footer(after_completion);
  completion->callback([this] {
    const std::vector<std::string> shells = {"bash", "zsh", "fish"};
    if (shell_ != "bash" && shell_ != "zsh" && shell_ != "fish") {
      throw job_error("", unknown_word("shell", shell_, shells));
    }
    const program_description program = describe(app_);
    fmt::print("{}", shell_ == "bash"  ? bash_completion(program)
                     : shell_ == "zsh" ? zsh_completion(program)
                                       : fish_completion(program));
  });
  app_.add_subcommand("man", "print the manual page, in troff")->callback([this] {
    fmt::print("{}", manual_page(describe(app_)));
  });
}

/// Listed with the others; `run` takes it before CLI11 would read `help train` as `train`.
void command_line::add_help() {
  auto* command =
      app_.add_subcommand("help", "say what the commands are, or what one of them does");
  named(command->add_option("COMMAND", topic_, "a command"), "NAME");
}

int command_line::help(const std::string& topic) const {
  if (topic.empty()) {
    fmt::print("{}", help_of(app_, "troupe"));
    return exit_ok;
  }
  const auto names = command_names(app_);
  if (std::find(names.begin(), names.end(), topic) == names.end()) {
    throw job_error("", unknown_word("command", topic, names));
  }
  fmt::print("{}", help_of(*app_.get_subcommand(topic), "troupe " + topic));
  return exit_ok;
}

std::string command_line::asked() const {
  const auto given = app_.get_subcommands();
  return given.empty() ? "troupe" : "troupe " + given.front()->get_name();
}

error command_line::wrong(const CLI::ParseError& e) const {
  const auto given = app_.get_subcommands();
  const CLI::App& at = given.empty() ? app_ : *given.front();
  std::string message = e.what();
  if (const auto extras = app_.remaining(true); !extras.empty()) {
    const std::string& extra = extras.front();
    if (extra.front() == '-') {
      message = unknown_word("option", extra.substr(0, extra.find('=')), option_names(at));
    } else if (given.empty()) {
      message = unknown_word("command", extra, command_names(app_));
    } else {
      message = fmt::format("one argument too many: '{}'", extra);
    }
  }
  return job_error("", fmt::format("{}; see {} --help", message, asked()));
}

int command_line::run(int argc, char** argv) {
  const bool asks_help = argc >= 2 && argv[1] == std::string("help");
  if (asks_help && (argc < 3 || argv[2][0] != '-')) return help(argc < 3 ? "" : argv[2]);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app_.exit(e);  // --help, --version
    throw wrong(e);
  }
  if (app_.get_subcommands().empty()) {
    throw job_error("", fmt::format("which command? There are {}; see troupe --help",
                                    fmt::join(command_names(app_), ", ")));
  }
  return status_;
}

}  // namespace troupe::cli
