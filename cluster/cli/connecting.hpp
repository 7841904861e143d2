#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "troupe/cluster/transport/credentials.hpp"

namespace troupe::cli {

/// "host:7000", "[::1]:7000". \throws error (job) naming the option.
std::pair<std::string, std::uint16_t> host_and_port(const char* option, const std::string& text);

/// --tls-ca, --tls-certificate and --tls-key of a command.
void add_tls_files(CLI::App* command, std::string& ca, std::string& certificate, std::string& key);

/// What the three name; none where none is given. \throws error (job) where one is missing, or as
/// `read_credentials`.
std::optional<credentials> tls_files(const std::string& ca, const std::string& certificate,
                                     const std::string& key);

}  // namespace troupe::cli
