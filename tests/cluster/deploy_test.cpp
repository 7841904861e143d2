// The job for containers, and that compose and Kubernetes start what it names.
#include <fstream>

#include "cluster/workspace.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

const std::string folder = TROUPE_SOURCE_DIR "/cluster/deploy/";

std::string text_of(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(folder + name, std::ios::binary).rdbuf();
  BOOST_REQUIRE_MESSAGE(!text.str().empty(), "no " << name);
  return text.str();
}

void check_has(const std::string& name, const std::string& text) {
  BOOST_CHECK_MESSAGE(text_of(name).find(text) != std::string::npos,
                      "'" << text << "' is not in " << name);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(deploy)

BOOST_AUTO_TEST_CASE(the_job_is_sound) {
  const outcome done = run_troupe({"check", folder + "job.yaml"});
  BOOST_CHECK_MESSAGE(done.status == 0, done.err);
  BOOST_CHECK_MESSAGE(done.err.find("warning") == std::string::npos, done.err);
}

BOOST_AUTO_TEST_CASE(containers_are_those_of_the_job) {
  const auto known = troupe::catalogue::builtin();
  const troupe::job of = troupe::read_job(folder + "job.yaml", {}, known);
  const troupe::cluster_spec& cluster = *of.cluster;
  const std::string port = std::to_string(cluster.port);
  std::size_t workers = 0;
  for (const troupe::node_spec& node : cluster.nodes) {
    check_has("compose.yaml", "--name=" + node.name);
    check_has("compose.yaml", "certificates/" + node.name + "-key.pem");
    if (node.workers > 0) BOOST_CHECK_EQUAL(node.name, "worker-" + std::to_string(workers++));
    if (node.workers == 0) check_has("kubernetes.yaml", "--name=" + node.name);
    check_has("README.md", "--host " + node.name);
  }
  check_has("kubernetes.yaml", "--name=worker-$(INDEX)");
  check_has("kubernetes.yaml", "completions: " + std::to_string(workers));
  for (const char* const name : {"compose.yaml", "kubernetes.yaml"}) {
    check_has(name, "--join=" + cluster.address + ":" + port);
    check_has(name, "--cluster=" + of.name);
    check_has(name, "--listen=" + cluster.listen);
    check_has(name, "--tls-ca=" + cluster.tls.ca);
    check_has(name, "--tls-certificate=" + cluster.tls.certificate);
    check_has(name, "--tls-key=" + cluster.tls.key);
  }
  check_has("kubernetes.yaml", "port: " + port);
}

BOOST_AUTO_TEST_SUITE_END()
