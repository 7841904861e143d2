#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace troupe {

/// Frees what OpenSSL's functions make.
struct openssl_delete {
  void operator()(BIO* p) const noexcept { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(GENERAL_NAMES* p) const noexcept { GENERAL_NAMES_free(p); }
  void operator()(SSL* p) const noexcept { SSL_free(p); }
  void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(X509_EXTENSION* p) const noexcept { X509_EXTENSION_free(p); }
  void operator()(X509_STORE* p) const noexcept { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const noexcept { X509_STORE_CTX_free(p); }
};
template <class T>
using openssl_ptr = std::unique_ptr<T, openssl_delete>;

/// PEM texts, read and written. Null for a text that holds no such thing.
openssl_ptr<X509> certificate_of(const std::string& pem);
openssl_ptr<EVP_PKEY> key_of(const std::string& pem);
std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* key);

/// What OpenSSL says of the last failure in this thread, and forgets it: "no start line".
std::string openssl_failure();

}  // namespace troupe
