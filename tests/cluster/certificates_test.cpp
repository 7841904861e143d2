#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "cluster/workspace.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/transport/credentials.hpp"
#include "troupe/cluster/transport/openssl.hpp"
#include "troupe/cluster/transport/tls.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

unsigned mode_of(const std::string& file) {
  struct stat found {};
  ::stat(file.c_str(), &found);
  return found.st_mode & 0777;
}

std::string what_is_thrown(const std::function<void()>& action) {
  try {
    action();
  } catch (const error& e) {
    BOOST_CHECK(e.kind() == error_kind::job);
    BOOST_CHECK_MESSAGE(std::string(e.what()).find('\n') == std::string::npos, e.what());
    return e.what();
  }
  return "nothing";
}

void check_has(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos, "'" << part << "' in '" << text << "'");
}

outcome certificates(const std::string& folder, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"certificates", folder};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_troupe(arguments);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(certificates_of_nodes)

BOOST_AUTO_TEST_CASE(what_an_authority_issues) {
  certificate_authority authority("a cluster");
  const credentials made =
      authority.issue("alpha", {"alpha", "alpha.example.org", "10.0.0.7", "fe80::1"});
  BOOST_CHECK_EQUAL(made.authority, authority.certificate());
  const auto node = certificate_of(made.certificate);
  const auto ca = certificate_of(made.authority);
  BOOST_REQUIRE(node && ca);
  BOOST_CHECK_EQUAL(X509_check_host(node.get(), "alpha.example.org", 0, 0, nullptr), 1);
  BOOST_CHECK_EQUAL(X509_check_host(node.get(), "beta", 0, 0, nullptr), 0);
  BOOST_CHECK_EQUAL(X509_check_ip_asc(node.get(), "10.0.0.7", 0), 1);
  BOOST_CHECK_EQUAL(X509_check_ip_asc(node.get(), "fe80::1", 0), 1);
  BOOST_CHECK_EQUAL(X509_check_ip_asc(node.get(), "10.0.0.8", 0), 0);
  BOOST_CHECK_EQUAL(X509_check_ca(node.get()), 0);
  BOOST_CHECK_NE(X509_check_ca(ca.get()), 0);
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    BOOST_CHECK_EQUAL(X509_check_purpose(node.get(), purpose, 0), 1);
  }
  BOOST_CHECK_EQUAL(X509_cmp_current_time(X509_get0_notBefore(node.get())), -1);
  BOOST_CHECK_EQUAL(X509_cmp_current_time(X509_get0_notAfter(node.get())), 1);
  const credentials late = authority.issue("late", {}, -2);
  BOOST_CHECK_EQUAL(
      X509_cmp_current_time(X509_get0_notAfter(certificate_of(late.certificate).get())), -1);
  BOOST_CHECK_EQUAL(
      X509_cmp_current_time(X509_get0_notBefore(certificate_of(late.certificate).get())), -1);
  // Each has its own number and key.
  BOOST_CHECK_NE(authority.issue("alpha", {}).key, made.key);
  const std::string long_name(200, 'n');
  BOOST_CHECK_EQUAL(
      X509_check_host(certificate_of(authority.issue(long_name, {"x"}).certificate).get(), "x", 0,
                      0, nullptr),
      1);
}

BOOST_AUTO_TEST_CASE(a_bundle_is_the_three_texts) {
  certificate_authority authority("a cluster");
  const credentials made = authority.issue("alpha", {"alpha"});
  const std::string bundle = to_bundle(made);
  const credentials again = from_bundle("a greeting of a shell\n" + bundle + "\n");
  BOOST_CHECK_EQUAL(again.authority, made.authority);
  BOOST_CHECK_EQUAL(again.certificate, made.certificate);
  BOOST_CHECK_EQUAL(again.key, made.key);
  BOOST_CHECK_NO_THROW(tls_context{again});
  for (std::size_t size = 0; size < bundle.size(); size += 1 + size / 7) {
    check_has(what_is_thrown([&] { from_bundle(bundle.substr(0, size)); }),
              "not a bundle of credentials");
  }
  credentials mixed = made;
  mixed.key = authority.issue("beta", {}).key;
  check_has(what_is_thrown([&] { from_bundle(to_bundle(mixed)); }), "does not belong");
  mixed = made;
  mixed.authority = certificate_authority("another").certificate();
  check_has(what_is_thrown([&] { from_bundle(to_bundle(mixed)); }), "is not of this certificate");
  mixed = made;
  mixed.key.clear();
  check_has(what_is_thrown([&] { from_bundle(to_bundle(mixed)); }), "two certificates and a key");
}

BOOST_AUTO_TEST_CASE(the_command_writes_what_nodes_read) {
  const workspace here;
  const std::string folder = here / "deep/certificates";
  const outcome done = certificates(folder, {"--host", "alpha", "--host", "10.0.0.7"});
  BOOST_TEST_REQUIRE(done.status == 0, done.err);
  const std::vector<std::string> written = {"ca.pem",        "ca-key.pem",   "alpha.pem",
                                            "alpha-key.pem", "10.0.0.7.pem", "10.0.0.7-key.pem"};
  std::string expected;
  for (const std::string& name : written) {
    expected += folder + "/" + name + "\n";
    const bool secret = name.find("-key") != std::string::npos;
    BOOST_CHECK_EQUAL(mode_of(folder + "/" + name) & 077, secret ? 0u : 044u);
  }
  BOOST_CHECK_EQUAL(done.out, expected);
  const auto read = [&](const std::string& certificate, const std::string& key) {
    return read_credentials(folder + "/ca.pem", folder + "/" + certificate, folder + "/" + key);
  };
  BOOST_CHECK_NO_THROW(tls_context{read("alpha.pem", "alpha-key.pem")});
  check_has(what_is_thrown([&] { read("alpha.pem", "10.0.0.7-key.pem"); }),
            "10.0.0.7-key.pem: does not belong to the certificate");
  check_has(what_is_thrown([&] { read("beta.pem", "alpha-key.pem"); }),
            "beta.pem: cannot read: No such file or directory");
  check_has(what_is_thrown([&] { read("alpha-key.pem", "alpha-key.pem"); }),
            "alpha-key.pem: holds no certificate in PEM");

  // One more node, by the same authority.
  const std::string authority = here.read("deep/certificates/ca.pem");
  BOOST_TEST_REQUIRE(run_troupe({"certificates", "--host", "beta", folder}).status == 0);
  BOOST_CHECK_EQUAL(here.read("deep/certificates/ca.pem"), authority);
  BOOST_CHECK_NO_THROW(read("beta.pem", "beta-key.pem"));
  // Another authority's do not do.
  BOOST_TEST_REQUIRE(certificates(here / "other", {"--host", "beta"}).status == 0);
  check_has(what_is_thrown([&] {
              read_credentials(here / "other/ca.pem", folder + "/beta.pem",
                               folder + "/beta-key.pem");
            }),
            "beta.pem: is not of this certificate authority");
}

BOOST_AUTO_TEST_CASE(what_the_command_refuses) {
  const workspace here;
  const std::string folder = here / "c";
  BOOST_TEST_REQUIRE(certificates(folder, {"--host", "alpha"}).status == 0);
  const std::string key = here.read("c/alpha-key.pem");
  check_complaint(certificates(folder, {"--host", "beta", "--host", "alpha"}), 2,
                  folder + "/alpha.pem: is there already");
  BOOST_CHECK_EQUAL(here.read("c/alpha-key.pem"), key);
  BOOST_CHECK(!here.has("c/beta.pem"));
  check_complaint(certificates(folder, {}), 2, "--host is required");
  for (const char* host : {"a/b", "", ".hidden", "a b", "*"}) {
    check_complaint(certificates(folder, {"--host", host}), 2, "is no name or address");
  }
  check_complaint(certificates(here / "d", {"--host", "ca"}), 2, "ca.pem: would be written twice");
  check_complaint(certificates(folder, {"--host", "x", "--host", "x"}), 2, "written twice");
  check_complaint(certificates(folder, {"--host", "x", "--days", "0"}), 2, "--days");
  here.write("file", "no folder");
  check_complaint(certificates(here / "file", {"--host", "x"}), 1, "cannot make the folder");
  // Half an authority, and what is none.
  std::filesystem::remove(folder + "/ca-key.pem");
  check_complaint(certificates(folder, {"--host", "x"}), 2, "ca.pem: is there, but not ca-key.pem");
  here.write("c/ca-key.pem", key);
  check_complaint(certificates(folder, {"--host", "x"}), 2,
                  "ca.pem: certificate and key do not belong together");
  here.write("c/ca-key.pem", "nonsense");
  check_complaint(certificates(folder, {"--host", "x"}), 2, "ca.pem: its key is no private key");
  process_options options;
  options.largest_file = 100;
  check_complaint(run_troupe({"certificates", here / "e", "--host", "x"}, options), 1,
                  "cannot write");
  BOOST_CHECK(std::filesystem::is_empty(here / "e"));
}

BOOST_AUTO_TEST_SUITE_END()
