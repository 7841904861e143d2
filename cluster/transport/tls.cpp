#include "troupe/cluster/transport/tls.hpp"

#include <openssl/err.h>

#include "troupe/base/error.hpp"
#include "troupe/cluster/transport/socket_bio.hpp"

namespace troupe {

namespace {

void require(bool done, const char* what) {
  if (!done) {
    throw run_error("credentials",
                    std::string("cannot use the ") + what + ": " + openssl_failure());
  }
}

/// What a peer answered to our certificate.
const char* meaning_of_alert(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "does not know the authority of our certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "says that our certificate has expired";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "wants a certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "does not accept our certificate";
    default:
      return nullptr;
  }
}

const char* meaning_of(int reason) {
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "showed no certificate";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "speaks HTTP, not TLS";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return "does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return "speaks only older versions of TLS";
    default:
      return meaning_of_alert(reason);
  }
}

}  // namespace

tls_context::tls_context(const credentials& own) : context_(SSL_CTX_new(TLS_method())) {
  SSL_CTX* const context = context_.get();
  require(context != nullptr, "library for TLS");
  const auto authority = certificate_of(own.authority);
  const auto certificate = certificate_of(own.certificate);
  const auto key = key_of(own.key);
  require(authority && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1,
          "certificate of the authority");
  require(certificate && SSL_CTX_use_certificate(context, certificate.get()) == 1, "certificate");
  require(key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
              SSL_CTX_check_private_key(context) == 1,
          "private key");
  require(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1, "library for TLS 1.3");
  // AES-128 is as safe here as AES-256, and faster.
  require(SSL_CTX_set_ciphersuites(context,
                                   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                   "TLS_CHACHA20_POLY1305_SHA256") == 1,
          "ciphers");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context, 2);
  // Nothing is resumed: no tickets that would be the first bytes after a handshake.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // CAF's buffers move while they wait, and what is sent is sent.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

openssl_ptr<SSL> tls_context::session(int socket) const {
  openssl_ptr<SSL> made(SSL_new(context_.get()));
  auto transport = make_socket_bio(socket);
  if (!made || !transport) {
    throw run_error("", "cannot start a TLS session: " + openssl_failure());
  }
  BIO* const both = transport.release();
  SSL_set_bio(made.get(), both, both);
  return made;
}

openssl_ptr<SSL> tls_context::accepting(int socket) const {
  auto made = session(socket);
  SSL_set_accept_state(made.get());
  return made;
}

openssl_ptr<SSL> tls_context::dialling(int socket) const {
  auto made = session(socket);
  SSL_set_connect_state(made.get());
  return made;
}

std::string why_refused(SSL* session, int result) {
  const int kind = SSL_get_error(session, result);
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (kind != SSL_ERROR_SSL) return {};
  const int reason = ERR_GET_REASON(code);
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {};
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long why = SSL_get_verify_result(session);
    return std::string("has a certificate that is not accepted: ") +
           X509_verify_cert_error_string(why);
  }
  if (const char* meaning = meaning_of(reason)) return meaning;
  const char* words = ERR_reason_error_string(code);
  return std::string("failed the TLS handshake: ") + (words ? words : "unknown reason");
}

}  // namespace troupe
