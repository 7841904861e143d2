#pragma once

#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// What a node proves itself with, as PEM texts: the cluster's certificate authority, the node's
/// certificate and its private key. Never written to a disk by us unless a user asks for files.
struct credentials {
  std::string authority, certificate, key;
};

/// Reads three PEM files. \throws error (job) naming the file that cannot be read or used, or where
/// certificate and key do not belong together or to the authority.
credentials read_credentials(const std::string& ca_file, const std::string& certificate_file,
                             const std::string& key_file);

/// One text of all three, and back: what a launcher writes to a node's standard input.
std::string to_bundle(const credentials& c);
/// \throws error (job) for a text that is no bundle.
credentials from_bundle(const std::string& bundle);

/// A private certificate authority that lives in memory.
class certificate_authority {
 public:
  /// Makes a new key and a self-signed certificate, valid for `days`.
  explicit certificate_authority(const std::string& name, int days = 3650);
  /// One made before. \throws error (job) unless the texts are an authority's.
  static certificate_authority from_pem(const std::string& certificate, const std::string& key);

  /// Certificate and key for a node that is reached by any of these names or addresses; valid from
  /// now for `days` (negative: expired that long ago).
  credentials issue(const std::string& node, const std::vector<std::string>& hosts,
                    int days = 3650);
  const std::string& certificate() const noexcept { return certificate_; }
  const std::string& key() const noexcept { return key_; }

 private:
  struct known {};
  certificate_authority(std::string certificate, std::string key, known)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  std::string certificate_, key_;  // PEM
};

}  // namespace troupe
