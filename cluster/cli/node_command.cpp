#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "command.hpp"
#include "connecting.hpp"
#include "interrupts.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/node.hpp"

namespace troupe::cli {

namespace {

std::string read_all(const std::string& path) {
  if (path == "-") {
    return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw job_error("--credentials", fmt::format("cannot read '{}'", path));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<credentials> credentials_of(const node_arguments& arguments) {
  const auto files = tls_files(arguments.ca, arguments.certificate, arguments.key);
  const int ways = (files ? 1 : 0) + (arguments.bundle.empty() ? 0 : 1) + (arguments.plain ? 1 : 0);
  if (ways != 1) {
    throw job_error("",
                    "a node needs --tls-ca, --tls-certificate and --tls-key, or --credentials, or "
                    "--no-tls");
  }
  return arguments.bundle.empty() ? files : from_bundle(read_all(arguments.bundle));
}

}  // namespace

int node_command(const node_arguments& arguments) {
  node_control control;
  const interrupts guard([&control] { control.leave(); }, "");
  const auto say = [](const std::string& line) { fmt::print(stderr, "troupe: {}\n", line); };
  node_options options;
  std::tie(options.director_host, options.director_port) = host_and_port("--join", arguments.join);
  options.name = arguments.name;
  options.cluster = arguments.cluster;
  options.workers = arguments.workers;
  options.parameter_servers = arguments.parameter_servers;
  options.listen = arguments.listen;
  options.port = arguments.port;
  if (!arguments.advertise.empty()) {
    const std::string& where = arguments.advertise;
    const bool alone = where.find(':') == where.rfind(':') ? where.find(':') == std::string::npos
                                                           : where.find("]:") == std::string::npos;
    std::tie(options.advertised_host, options.advertised_port) =
        alone ? std::pair(where, std::uint16_t{0}) : host_and_port("--advertise", where);
  }
  options.tls = credentials_of(arguments);
  options.dead_after = arguments.dead_after;
  options.patience = arguments.patience;
  options.log = say;
  options.control = &control;
  const std::string failure = run_node(options);
  if (failure.empty()) return exit_ok;
  say(failure);
  return exit_failed;
}

}  // namespace troupe::cli
