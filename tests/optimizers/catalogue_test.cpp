#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "optimizers/conversation.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const registry<protocol_entry> known = builtin_protocols();

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// What is wrong with these options; empty: nothing.
std::string refusal(const std::string& name, const settings& options, std::uint32_t workers = 2) {
  const protocol_entry& entry = known.at(name, "", "protocol");
  try {
    const protocol_setup setup = setup_for(entry, workers, 1, options);
    return entry.check ? entry.check(setup) : "";
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::job));
    return e.what();
  }
}

std::vector<std::string> warnings(const std::string& name, std::uint32_t workers) {
  const protocol_entry& entry = known.at(name, "", "protocol");
  if (!entry.warnings) return {};
  return entry.warnings(setup_for(entry, workers, 5));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocols_by_name)

BOOST_AUTO_TEST_CASE(the_protocols_are_there) {
  const std::vector<std::string> names = known.names();
  const std::set<std::string> all(names.begin(), names.end());
  for (const char* name : {"sequential", "downpour", "adag", "dynsgd", "aeasgd"}) {
    BOOST_TEST(all.count(name) == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_protocol_is_found_by_name_and_alias) {
  BOOST_TEST(find_protocol(known, "adag", "").name == "adag");
  BOOST_TEST(find_protocol(known, "agn", "").name == "adag");
  for (const protocol_entry& entry : known.entries()) {
    BOOST_TEST(find_protocol(known, entry.name, "").name == entry.name);
    for (const std::string& alias : entry.aliases) {
      BOOST_TEST(find_protocol(known, alias, "").name == entry.name);
      BOOST_TEST(known.find(alias) == nullptr);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused_with_a_hint) {
  auto message = [](const std::string& name) -> std::string {
    try {
      find_protocol(known, name, "job.yaml:3:5");
    } catch (const error& e) {
      BOOST_TEST((e.kind() == error_kind::job));
      BOOST_TEST(e.place() == "job.yaml:3:5");
      return e.message();
    }
    return {};
  };
  BOOST_TEST(contains(message("downpuor"), "unknown protocol 'downpuor'"));
  BOOST_TEST(contains(message("downpuor"), "did you mean 'downpour'?"));
  BOOST_TEST(contains(message("wholly_different"), "dynsgd"));
  BOOST_TEST(contains(message(""), "unknown protocol"));
}

BOOST_AUTO_TEST_CASE(elastic_options_must_go_together) {
  BOOST_TEST(refusal("aeasgd", {}) == "");
  BOOST_TEST(refusal("aeasgd", {{"alpha", 0.5}}) == "");
  BOOST_TEST(refusal("aeasgd", {{"alpha", 0.0}}) == "");
  BOOST_TEST(refusal("aeasgd", {{"alpha", 1.0}}) == "");
  BOOST_TEST(refusal("aeasgd", {{"rho", 5.0}, {"learning_rate", 0.1}}) == "");
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", 0.5}, {"rho", 5.0}}), "either alpha or rho"));
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", 0.5}, {"learning_rate", 0.1}}), "not both"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", 5.0}}), "go together"));
  BOOST_TEST(contains(refusal("aeasgd", {{"learning_rate", 0.1}}), "go together"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", 5.0}, {"learning_rate", 0.5}}), "above 1"));
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", 1.5}}), "alpha"));
  BOOST_TEST(contains(refusal("aeasgd", {{"alpha", -0.1}}), "alpha"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", -1.0}, {"learning_rate", 0.1}}), "rho"));
  BOOST_TEST(contains(refusal("aeasgd", {{"rho", 1.0}, {"learning_rate", 0.0}}), "learning_rate"));
}

BOOST_AUTO_TEST_CASE(options_of_another_protocol_are_unknown) {
  for (const char* name : {"sequential", "downpour", "adag", "dynsgd"}) {
    BOOST_TEST(contains(refusal(name, {{"alpha", 0.5}}, 1), "alpha"));
  }
  BOOST_TEST(contains(refusal("aeasgd", {{"alhpa", 0.5}}), "did you mean 'alpha'?"));
}

BOOST_AUTO_TEST_CASE(downpour_warns_of_many_workers) {
  BOOST_TEST(warnings("downpour", 1).empty());
  BOOST_TEST(warnings("downpour", 7).empty());
  BOOST_TEST_REQUIRE(warnings("downpour", 8).size() == 1u);
  BOOST_TEST(contains(warnings("downpour", 8)[0], "8 workers"));
  for (const char* name : {"adag", "dynsgd", "aeasgd"}) BOOST_TEST(warnings(name, 64).empty());
}

BOOST_AUTO_TEST_SUITE_END()
