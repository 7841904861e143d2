#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "command.hpp"
#include "interrupts.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/node.hpp"

namespace troupe::cli {

namespace {

std::pair<std::string, std::uint16_t> host_and_port(const char* option, const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool number = !digits.empty() && digits.size() <= 5 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long port = number ? std::stoul(digits) : 0;
  if (colon == 0 || port == 0 || port > 65535) {
    throw job_error(option, fmt::format("'{}' is no HOST:PORT", text));
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);  // an IPv6 address
  }
  return {host, static_cast<std::uint16_t>(port)};
}

std::string read_all(const std::string& path) {
  if (path == "-") {
    return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw job_error("--credentials", fmt::format("cannot read '{}'", path));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<credentials> credentials_of(const node_arguments& arguments) {
  const bool files =
      !arguments.ca.empty() || !arguments.certificate.empty() || !arguments.key.empty();
  const int ways = (files ? 1 : 0) + (arguments.bundle.empty() ? 0 : 1) + (arguments.plain ? 1 : 0);
  if (ways != 1) {
    throw job_error("",
                    "a node needs --tls-ca, --tls-certificate and --tls-key, or --credentials, "
                    "or --no-tls");
  }
  if (arguments.plain) return std::nullopt;
  if (!arguments.bundle.empty()) return from_bundle(read_all(arguments.bundle));
  return read_credentials(arguments.ca, arguments.certificate, arguments.key);
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
  options.listen = arguments.listen;
  options.port = arguments.port;
  if (!arguments.advertise.empty()) {
    std::tie(options.advertised_host, options.advertised_port) =
        host_and_port("--advertise", arguments.advertise);
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
