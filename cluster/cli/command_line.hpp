#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "command.hpp"
#include "troupe/base/error.hpp"

namespace troupe::cli {

/// What the program was asked to do: reads the arguments and runs the command they name.
class command_line {
 public:
  command_line();
  command_line(const command_line&) = delete;
  command_line& operator=(const command_line&) = delete;

  /// Runs the command. \returns the exit status. \throws error (job) for arguments that make no
  /// sense, and whatever the command throws.
  int run(int argc, char** argv);

 private:
  void add_train();
  void add_launch();
  void add_node();
  void add_run_options(CLI::App* command, train_arguments& arguments);
  void add_check();
  void add_evaluate();
  void add_predict();
  void add_compare();
  void add_report();
  void add_optimizers();
  void add_certificates();
  CLI::App* add_control(const char* name, const char* what, int (*does)(const control_arguments&));
  void add_controls();
  void add_texts();
  void add_help();
  int help(const std::string& topic) const;
  /// The command, or "troupe" where none was recognised.
  std::string asked() const;
  error wrong(const CLI::ParseError& e) const;

  CLI::App app_;
  int status_ = exit_ok;
  train_arguments train_, launch_;
  node_arguments node_;
  check_arguments check_;
  evaluate_arguments evaluate_;
  predict_arguments predict_;
  compare_arguments compare_;
  report_arguments report_;
  optimizers_arguments optimizers_;
  certificates_arguments certificates_;
  control_arguments control_;  // of status, events, stop
  std::string shell_;          // of `completion`
  std::string topic_;          // of `help`
};

}  // namespace troupe::cli
