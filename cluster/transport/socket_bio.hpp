#pragma once

#include "troupe/cluster/transport/openssl.hpp"

namespace troupe {

/// What OpenSSL reads and writes a connected socket by: as its own, but a peer that is gone raises
/// no SIGPIPE. The socket stays the caller's. Null where memory is short.
openssl_ptr<BIO> make_socket_bio(int socket);

}  // namespace troupe
