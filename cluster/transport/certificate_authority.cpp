#include <arpa/inet.h>
#include <openssl/rand.h>

#include <algorithm>
#include <ctime>

#include "troupe/base/error.hpp"
#include "troupe/cluster/transport/credentials.hpp"
#include "troupe/cluster/transport/openssl.hpp"

namespace troupe {

namespace {

/// Clocks of machines differ: certificates count from a little before they were made.
constexpr int clock_skew = 60 * 60;

void require(bool done, const char* what) {
  if (!done) throw run_error("", std::string("cannot make ") + what + ": " + openssl_failure());
}

openssl_ptr<EVP_PKEY> make_key() {
  openssl_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"));
  require(key != nullptr, "a private key");
  return key;
}

/// 2050 and later need another form of date (RFC 5280), which X509_time_adj_ex chooses itself; a
/// date beyond 9999 does not fit at all.
void set_times(X509* certificate, int days) {
  const bool expired = days < 0;
  const long skew = expired ? 0 : -clock_skew;
  const int from = expired ? days - 1 : 0;
  require(X509_time_adj_ex(X509_getm_notBefore(certificate), from, skew, nullptr) != nullptr &&
              X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, nullptr) != nullptr,
          "a certificate valid that long");
}

/// An empty certificate with what authority and nodes have in common.
openssl_ptr<X509> blank(const std::string& name, EVP_PKEY* key, int days) {
  openssl_ptr<X509> certificate(X509_new());
  require(certificate != nullptr, "a certificate");
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1, "a certificate");
  unsigned char random[16];
  require(RAND_bytes(random, sizeof random) == 1, "a serial number");
  random[0] = static_cast<unsigned char>((random[0] & 0x7f) | 0x40);  // positive, never zero
  BIGNUM* number = BN_bin2bn(random, sizeof random, nullptr);
  const bool numbered =
      number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get())) != nullptr;
  BN_free(number);
  require(numbered, "a serial number");
  set_times(certificate.get(), days);
  // A common name has at most 64 characters; names that matter are in the alternative names.
  const std::string common = name.substr(0, 64);
  require(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common.data()),
                                     static_cast<int>(common.size()), -1, 0) == 1,
          "a certificate of that name");
  require(X509_set_pubkey(certificate.get(), key) == 1, "a certificate");
  return certificate;
}

void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl_ptr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "a certificate");
}

/// Names as bytes, not as OpenSSL's configuration text, where a comma would start another one.
void add_hosts(X509* certificate, const std::vector<std::string>& hosts) {
  const openssl_ptr<GENERAL_NAMES> names(GENERAL_NAMES_new());
  for (const std::string& host : hosts) {
    unsigned char address[16];
    int size = 0, type = GEN_DNS;
    if (inet_pton(AF_INET, host.c_str(), address) == 1) size = 4;
    if (inet_pton(AF_INET6, host.c_str(), address) == 1) size = 16;
    ASN1_STRING* value = nullptr;
    if (size > 0) {
      type = GEN_IPADD;
      value = ASN1_OCTET_STRING_new();
      require(value && ASN1_STRING_set(value, address, size) == 1, "a certificate");
    } else {
      value = ASN1_IA5STRING_new();
      require(value && ASN1_STRING_set(value, host.data(), static_cast<int>(host.size())) == 1,
              "a certificate");
    }
    GENERAL_NAME* name = GENERAL_NAME_new();
    require(name != nullptr, "a certificate");
    GENERAL_NAME_set0_value(name, type, value);
    require(sk_GENERAL_NAME_push(names.get(), name) > 0, "a certificate");
  }
  require(hosts.empty() || X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0,
                                             X509V3_ADD_DEFAULT) == 1,
          "a certificate of those hosts");
}

}  // namespace

certificate_authority::certificate_authority(const std::string& name, int days) {
  const auto key = make_key();
  const auto certificate = blank(name, key.get(), days);
  require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1,
          "a certificate");
  extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "a certificate");
  certificate_ = to_pem(certificate.get());
  key_ = to_pem(key.get());
}

certificate_authority certificate_authority::from_pem(const std::string& certificate,
                                                      const std::string& key) {
  const auto read = certificate_of(certificate);
  const auto read_key = key_of(key);
  if (!read) throw job_error("", "holds no certificate in PEM");
  if (!read_key) throw job_error("", "its key is no private key in PEM");
  if (X509_check_ca(read.get()) == 0) throw job_error("", "is no certificate of an authority");
  if (X509_check_private_key(read.get(), read_key.get()) != 1) {
    throw job_error("", "certificate and key do not belong together");
  }
  return {certificate, key, known()};
}

credentials certificate_authority::issue(const std::string& node,
                                         const std::vector<std::string>& hosts, int days) {
  const auto authority = certificate_of(certificate_);
  const auto authority_key = key_of(key_);
  const auto key = make_key();
  const auto certificate = blank(node, key.get(), days);
  require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get())) == 1,
          "a certificate");
  extend(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  // A node listens and dials with the same certificate.
  extend(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  extend(certificate.get(), authority.get(), NID_authority_key_identifier, "keyid:always");
  add_hosts(certificate.get(), hosts);
  require(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0, "a certificate");
  return {certificate_, to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace troupe
