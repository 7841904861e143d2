#include "troupe/cluster/transport/openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "troupe/base/error.hpp"

namespace troupe {

namespace {

openssl_ptr<BIO> reading(const std::string& text) {
  return openssl_ptr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

/// A key with a passphrase is refused rather than asked for at a terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

openssl_ptr<X509> certificate_of(const std::string& pem) {
  return openssl_ptr<X509>(PEM_read_bio_X509(reading(pem).get(), nullptr, no_passphrase, nullptr));
}

openssl_ptr<EVP_PKEY> key_of(const std::string& pem) {
  return openssl_ptr<EVP_PKEY>(
      PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_passphrase, nullptr));
}

std::string to_pem(X509* certificate) {
  const openssl_ptr<BIO> memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) {
    throw run_error("", "cannot write a certificate: " + openssl_failure());
  }
  return text_of(memory.get());
}

std::string to_pem(EVP_PKEY* key) {
  const openssl_ptr<BIO> memory(BIO_new(BIO_s_mem()));
  if (!memory ||
      PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw run_error("", "cannot write a private key: " + openssl_failure());
  }
  return text_of(memory.get());
}

std::string openssl_failure() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "OpenSSL failed" : reason;
}

}  // namespace troupe
