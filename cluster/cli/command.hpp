#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::cli {

/// Exit status of the command, beside those of `error_kind`.
constexpr int exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_interrupted = 130;

struct train_arguments {
  std::string job;
  std::vector<std::string> overrides;
  std::string folder;  ///< "": runs/<name>-<date>-<time>
  bool json = false, quiet = false, resume = false;
};
int train_command(const train_arguments& arguments);
int launch_command(const train_arguments& arguments);

struct node_arguments {
  std::string join;  ///< HOST:PORT
  std::string name, cluster;
  std::string listen = "127.0.0.1";
  std::uint16_t port = 0;
  std::string advertise;  ///< HOST:PORT or HOST; "": as the job and it say
  std::uint32_t workers = 0, parameter_servers = 0;
  std::string ca, certificate, key;
  std::string bundle;  ///< "-": credentials on standard input
  bool plain = false;
  double dead_after = 10, patience = 60;
};
int node_command(const node_arguments& arguments);

struct check_arguments {
  std::string job;
  std::vector<std::string> overrides;
};
int check_command(const check_arguments& arguments);

struct evaluate_arguments {
  std::string model;
  std::string job;  ///< whose test part is scored; "": that of the model's own job
  std::vector<std::string> overrides;
  bool json = false;
};
int evaluate_command(const evaluate_arguments& arguments);

struct predict_arguments {
  std::string model, input;
  std::string output;  ///< "": standard output
  std::string format;  ///< "": that of the job's data
};
int predict_command(const predict_arguments& arguments);

struct compare_arguments {
  std::string job;
  std::string protocols;  ///< names, with commas between
  std::string workers;    ///< numbers, with commas between; "": the job's
  bool recommended = false;
  std::vector<std::string> overrides;
  std::string folder;  ///< "": runs/<name>-compare-<date>-<time>
  std::string output;  ///< the page; "": compare.html in the folder
  bool json = false, quiet = false;
};
int compare_command(const compare_arguments& arguments);

struct report_arguments {
  std::vector<std::string> runs;  ///< folders; several are compared
  std::string output;             ///< "": report.html in the folder of the run
};
int report_command(const report_arguments& arguments);

/// Which run is watched or steered, and how its answer is shown.
struct control_arguments {
  std::string folder;   ///< "": of the run under way below runs/ that was started last
  std::string connect;  ///< HOST:PORT of a launched run, instead of its folder
  std::string ca, certificate, key;
  bool json = false;
  bool slices = false;  ///< status: a line for each slice
  bool follow = false;  ///< events: until the run ends
};
int status_command(const control_arguments& arguments);
int top_command(const control_arguments& arguments);
int events_command(const control_arguments& arguments);
int stop_command(const control_arguments& arguments);
int checkpoint_command(const control_arguments& arguments);

struct optimizers_arguments {
  std::string name;  ///< a protocol, consistency or compression; "": all
  bool json = false;
};
int optimizers_command(const optimizers_arguments& arguments);

struct certificates_arguments {
  std::string folder;
  std::vector<std::string> hosts;
  int days = 3650;
};
int certificates_command(const certificates_arguments& arguments);

}  // namespace troupe::cli
