#pragma once

#include <string>

#include "troupe/cluster/transport/credentials.hpp"
#include "troupe/cluster/transport/openssl.hpp"

namespace troupe {

/// What all connections of a node have in common: TLS 1.3, both sides show a certificate of the one
/// authority, nothing anonymous. Made once, from texts in memory; any thread may make sessions.
class tls_context {
 public:
  /// \throws error (run) where the credentials cannot be used.
  explicit tls_context(const credentials& own);

  /// A session on a connected socket, which stays the caller's. \throws error (run)
  openssl_ptr<SSL> accepting(int socket) const;
  openssl_ptr<SSL> dialling(int socket) const;

 private:
  openssl_ptr<SSL> session(int socket) const;

  openssl_ptr<SSL_CTX> context_;
};

/// Why a handshake or a first read failed, for a person: "showed no certificate". `result` is what
/// the failed function returned. Empty where the peer just went away: it may be worth another try.
std::string why_refused(SSL* session, int result);

}  // namespace troupe
