#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "troupe/cluster/control/control_client.hpp"
#include "troupe/cluster/transport/credentials.hpp"

namespace troupe {

/// Talks to a launched run over the network, at the port its nodes join; without credentials, over
/// a plain connection. \throws error (run) where nobody answers there.
std::unique_ptr<control_client> connect_over_network(const std::string& host, std::uint16_t port,
                                                     std::optional<credentials> tls);

}  // namespace troupe
