#include "troupe/cluster/launch/command_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>

namespace troupe {

namespace {

bool needs_no_quotes(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string("%+,-./:=@_").find(char(c)) != std::string::npos;
  });
}

std::string quoted(const std::string& word) {
  if (needs_no_quotes(word)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

void append_options(command_words& line, const std::string& options) {
  std::istringstream in(options);
  for (std::string word; in >> word;) line.push_back(word);
}

/// Loopback is the default of a job, and means nothing to Slurm.
bool is_anywhere(const std::string& host) {
  return host.empty() || host == "any" || is_loopback(host);
}

}  // namespace

std::string host_of(const cluster_spec& cluster, const node_spec& node) {
  if (is_loopback(cluster.listen)) return cluster.listen;
  if (cluster.launcher == "slurm" && is_anywhere(node.host)) return {};
  if (cluster.launcher != "ssh") return node.host;
  return node.host.substr(node.host.rfind('@') + 1);
}

std::string shell_command(const command_words& command) {
  std::string out;
  for (const std::string& word : command) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

command_words ssh_command(const cluster_spec& cluster, const node_spec& node,
                          const command_words& command) {
  command_words line{"ssh"};
  // Of an option that is given twice ssh takes the first.
  append_options(line, cluster.launcher_options);
  const double patience = std::clamp(std::ceil(cluster.start_timeout), 1.0, 3600.0);
  for (const std::string& word :
       {std::string("-T"), std::string("-o"), std::string("BatchMode=yes"), std::string("-o"),
        fmt::format("ConnectTimeout={:.0f}", patience), std::string("--"), node.host}) {
    line.push_back(word);
  }
  line.push_back("exec " + shell_command(command));
  return line;
}

command_words slurm_command(const cluster_spec& cluster, const node_spec& node,
                            const command_words& command, bool inside_job) {
  command_words line{"srun", "--nodes=1", "--ntasks=1", "--input=0", "--mpi=none"};
  line.push_back("--job-name=troupe-" + node.name);
  line.push_back(fmt::format("--cpus-per-task={}", std::max(node.workers, 1u)));
  if (!is_anywhere(node.host)) line.push_back("--nodelist=" + node.host);
  // Otherwise a step takes all processors, and all memory that the job asked for, and the nodes
  // wait for each other.
  if (inside_job) line.insert(line.end(), {"--exact", "--mem=0"});
  append_options(line, cluster.launcher_options);  // of two, srun takes the last
  if (host_of(cluster, node).empty()) {
    line.insert(line.end(), {"sh", "-c", "exec \"$0\" \"$@\" --advertise \"$(uname -n)\""});
  }
  line.insert(line.end(), command.begin(), command.end());
  return line;
}

}  // namespace troupe
