#include "troupe/cluster/transport/credentials.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "troupe/base/error.hpp"
#include "troupe/cluster/transport/openssl.hpp"

namespace troupe {

namespace {

constexpr const char* bundle_start = "-----BEGIN TROUPE CREDENTIALS-----\n";
constexpr const char* bundle_end = "-----END TROUPE CREDENTIALS-----\n";
constexpr const char* certificate_start = "-----BEGIN CERTIFICATE-----\n";

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.str().empty()) {
    throw job_error(file, std::string("cannot read: ") +
                              (errno == 0 || in ? "the file is empty" : std::strerror(errno)));
  }
  return text.str();
}

/// The places are those of the three texts: files, or nothing.
void check(const credentials& c, const std::string& ca, const std::string& certificate,
           const std::string& key) {
  const auto authority = certificate_of(c.authority);
  if (!authority) throw job_error(ca, "holds no certificate in PEM");
  const auto own = certificate_of(c.certificate);
  if (!own) throw job_error(certificate, "holds no certificate in PEM");
  const auto own_key = key_of(c.key);
  ERR_clear_error();
  if (!own_key) throw job_error(key, "holds no private key in PEM (without a passphrase)");
  if (X509_check_private_key(own.get(), own_key.get()) != 1) {
    ERR_clear_error();
    throw job_error(key, "does not belong to the certificate");
  }
  // Dates are the peers' business: an expired certificate is refused, and named, when it is shown.
  const openssl_ptr<X509_STORE> trusted(X509_STORE_new());
  const openssl_ptr<X509_STORE_CTX> verified(X509_STORE_CTX_new());
  X509_STORE_add_cert(trusted.get(), authority.get());
  X509_STORE_set_flags(trusted.get(), X509_V_FLAG_NO_CHECK_TIME);
  if (X509_STORE_CTX_init(verified.get(), trusted.get(), own.get(), nullptr) != 1 ||
      X509_verify_cert(verified.get()) != 1) {
    const int why = X509_STORE_CTX_get_error(verified.get());
    ERR_clear_error();
    throw job_error(certificate, std::string("is not of this certificate authority (") +
                                     X509_verify_cert_error_string(why) + ")");
  }
}

}  // namespace

credentials read_credentials(const std::string& ca_file, const std::string& certificate_file,
                             const std::string& key_file) {
  credentials c{contents(ca_file), contents(certificate_file), contents(key_file)};
  check(c, ca_file, certificate_file, key_file);
  return c;
}

std::string to_bundle(const credentials& c) {
  return bundle_start + c.authority + c.certificate + c.key + bundle_end;
}

credentials from_bundle(const std::string& bundle) {
  const auto wrong = [](const char* why) {
    return job_error("credentials", std::string("not a bundle of credentials: ") + why);
  };
  const auto start = bundle.find(bundle_start);
  const auto end = bundle.find(bundle_end);
  if (start == std::string::npos) throw wrong("it has no beginning");
  if (end == std::string::npos || end < start) throw wrong("it is cut short");
  const auto body_at = start + std::strlen(bundle_start);
  const std::string body = bundle.substr(body_at, end - body_at);
  const auto second = body.find(certificate_start, 1);
  const auto last = body.rfind("-----BEGIN ");
  if (body.rfind(certificate_start, 0) != 0 || second == std::string::npos || last <= second) {
    throw wrong("it needs two certificates and a key");
  }
  credentials c{body.substr(0, second), body.substr(second, last - second), body.substr(last)};
  check(c, "credentials", "credentials", "credentials");
  return c;
}

}  // namespace troupe
