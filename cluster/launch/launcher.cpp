#include "troupe/cluster/launch/launcher.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <utility>

#include "troupe/base/error.hpp"
#include "troupe/cluster/launch/child_processes.hpp"
#include "troupe/cluster/launch/command_words.hpp"

namespace troupe {

namespace {

/// How the troupe command with its arguments becomes what is run here for a node.
using wrapping = std::function<command_words(const node_spec&, const command_words&)>;

command_words whole_command(const std::string& program, const node_start& node) {
  command_words line{program};
  line.insert(line.end(), node.arguments.begin(), node.arguments.end());
  return line;
}

/// A process here for each node: the node itself, or a client that runs it elsewhere.
class process_launcher : public launcher {
 public:
  process_launcher(std::string program, const std::string& logs, child_processes::target signals,
                   wrapping wrap)
      : program_(std::move(program)), wrap_(std::move(wrap)), children_(logs, signals) {}

  void start(const node_start& node) override {
    children_.start(node.node.name, wrap_(node.node, whole_command(program_, node)), node.input);
  }
  std::vector<node_end> ended() override { return children_.ended(); }
  std::string last_lines(const std::string& node) override { return children_.last_lines(node); }
  void stop(double seconds) override { children_.stop(seconds); }

 private:
  std::string program_;
  wrapping wrap_;
  child_processes children_;
};

/// A person starts the nodes, and sees what becomes of them.
class manual_launcher : public launcher {
 public:
  manual_launcher(std::string program, std::function<void(const std::string&)> tell)
      : program_(std::move(program)), tell_(std::move(tell)) {}

  void start(const node_start& node) override {
    tell_(fmt::format("for node {}, run on {}:\n  {}", node.node.name, node.node.host,
                      shell_command(whole_command(program_, node))));
  }
  std::vector<node_end> ended() override { return {}; }
  std::string last_lines(const std::string&) override { return {}; }
  void stop(double) override {}

 private:
  std::string program_;
  std::function<void(const std::string&)> tell_;
};

bool is_installed(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

void require_program(const std::string& launcher, const std::string& program,
                     const std::string& package) {
  if (is_installed(program)) return;
  throw run_error("cluster.launcher", fmt::format("'{}' needs the program {}, which is not here "
                                                  "(Debian has it in {})",
                                                  launcher, program, package));
}

}  // namespace

std::unique_ptr<launcher> make_launcher(const cluster_spec& cluster, launch_options options) {
  using target = child_processes::target;
  const std::string program = cluster.program.empty() ? options.program : cluster.program;
  const auto processes = [&](target signals, wrapping wrap) {
    return std::make_unique<process_launcher>(program, options.logs, signals, std::move(wrap));
  };
  if (cluster.launcher == "local") {
    return processes(target::group, [](const node_spec&, const command_words& c) { return c; });
  }
  if (cluster.launcher == "ssh") {
    require_program("ssh", "ssh", "openssh-client");
    return processes(target::program, [cluster](const node_spec& node, const command_words& c) {
      return ssh_command(cluster, node, c);
    });
  }
  if (cluster.launcher == "slurm") {
    require_program("slurm", "srun", "slurm-client");
    const bool inside_job = std::getenv("SLURM_JOB_ID") != nullptr;
    return processes(target::program,
                     [cluster, inside_job](const node_spec& node, const command_words& c) {
                       return slurm_command(cluster, node, c, inside_job);
                     });
  }
  if (cluster.launcher == "manual") {
    return std::make_unique<manual_launcher>(program, std::move(options.tell));
  }
  throw job_error("cluster.launcher", fmt::format("unknown launcher '{}'", cluster.launcher));
}

}  // namespace troupe
