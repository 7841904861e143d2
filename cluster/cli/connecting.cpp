#include "connecting.hpp"

#include <fmt/format.h>

#include "troupe/base/error.hpp"

namespace troupe::cli {

std::pair<std::string, std::uint16_t> host_and_port(const char* option, const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool number = !digits.empty() && digits.size() <= 5 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long port = number ? std::stoul(digits) : 0;
  if (colon == 0 || port == 0 || port > 65535) {
    throw job_error(option, fmt::format("'{}' is no HOST:PORT", text));
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);  // an IPv6 address
  }
  return {host, static_cast<std::uint16_t>(port)};
}

void add_tls_files(CLI::App* command, std::string& ca, std::string& certificate, std::string& key) {
  command->add_option("--tls-ca", ca, "the cluster's certificate authority")->type_name("FILE");
  command->add_option("--tls-certificate", certificate, "one's own certificate")->type_name("FILE");
  command->add_option("--tls-key", key, "one's own private key")->type_name("FILE");
}

std::optional<credentials> tls_files(const std::string& ca, const std::string& certificate,
                                     const std::string& key) {
  if (ca.empty() && certificate.empty() && key.empty()) return std::nullopt;
  if (ca.empty() || certificate.empty() || key.empty()) {
    throw job_error("", "--tls-ca, --tls-certificate and --tls-key belong together");
  }
  return read_credentials(ca, certificate, key);
}

}  // namespace troupe::cli
