#include "cluster/workspace.hpp"
#include "troupe/troupe.hpp"

using namespace troupe::testing;

namespace {

const troupe::catalogue& known() {
  static const troupe::catalogue all = troupe::catalogue::builtin();
  return all;
}

std::string shown(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"optimizers"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const outcome done = run_troupe(all);
  BOOST_CHECK_EQUAL(done.status, 0);
  BOOST_CHECK_EQUAL(done.err, "");
  for (const std::string& line : lines_of(done.out)) {
    BOOST_CHECK_MESSAGE(line[0] == '{' || line.size() <= 100, line);
    BOOST_CHECK_MESSAGE(line.empty() || line.back() != ' ', line);
  }
  return done.out;
}

/// Whether all these texts are there, in this order; wherever lines were wrapped.
void check_has(std::string text, const std::vector<std::string>& parts) {
  std::string flat;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n';
    if (!blank || flat.empty() || flat.back() != ' ') flat += blank ? ' ' : c;
  }
  std::size_t at = 0;
  for (const std::string& part : parts) {
    const std::size_t found = flat.find(part, at);
    BOOST_REQUIRE_MESSAGE(found != std::string::npos, "'" << part << "' not in " << text);
    at = found + part.size();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizers_command)

BOOST_AUTO_TEST_CASE(every_name_is_listed_with_its_summary) {
  const std::string text = shown({});
  const auto listed = [&](const auto& registry) {
    for (const auto& e : registry.entries()) check_has(text, {" " + e.name + " ", e.summary});
  };
  listed(known().protocols);
  listed(known().consistencies);
  listed(known().compressions);
  check_has(text, {"adag (agn)", "window 5 mini-batches; asynchronous (default), bounded, sync"});
  check_has(text, {" averaging ", "window a whole epoch; synchronous"});
  check_has(text, {" none ", "bytes for n numbers: 4 n"});
}

BOOST_AUTO_TEST_CASE(one_protocol_says_everything) {
  check_has(shown({"aeasgd"}),
            {"protocol aeasgd", "source Zhang, Choromanska, LeCun", "window 32 mini-batches",
             "gradient_rule, which each worker", "asynchronous (default), bounded, synchronous",
             "compression none, float16, bfloat16 ", "options", "alpha", "a number, 0 to 1",
             "recommended", "--set 'optimizer.gradient_rule={name: adam, "});
  check_has(shown({"eamsgd"}), {"one of its own", "--set optimizer.learning_rate="});
  check_has(shown({"sequential"}), {"workers at most 1", "nobody waits"});
  check_has(shown({"sync_sgd"}), {"which the parameter servers apply", "consistency synchronous"});
  check_has(shown({"downpour"}), {"takes a server_rule, too", "top_k"});
  BOOST_CHECK_EQUAL(shown({"agn"}), shown({"adag"}));
}

BOOST_AUTO_TEST_CASE(consistencies_and_compressions_have_a_page_too) {
  check_has(shown({"bounded"}), {"consistency bounded", "source Ho et al.", "protocols downpour",
                                 "staleness", "a whole number, 0 to 1000000; default 4"});
  check_has(shown({"top_k"}), {"compression top_k", "bytes for n numbers", "error of one number",
                               "protocols downpour, adag, ", "ratio", "default 0.01"});
  BOOST_CHECK(shown({"top_k"}).find("aeasgd") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_2) {
  check_complaint(
      run_troupe({"optimizers", "dowpour"}), 2,
      "unknown protocol, consistency or compression 'dowpour'; did you mean 'downpour'?");
  check_complaint(run_troupe({"optimizers", "topk"}), 2, "did you mean 'top_k'?");
  check_complaint(run_troupe({"optimizers", "zzzzzzzzz"}), 2, "known: ");
}

BOOST_AUTO_TEST_CASE(json_is_one_object) {
  const std::string text = shown({"--json"});
  BOOST_TEST_REQUIRE(lines_of(text).size() == 1u);
  const auto all = nlohmann::json::parse(text);
  const auto compare = [&](const char* key, const auto& registry) {
    BOOST_TEST_REQUIRE(all[key].size() == registry.entries().size());
    for (std::size_t i = 0; i < all[key].size(); ++i) {
      const auto& entry = registry.entries()[i];
      BOOST_CHECK_EQUAL(all[key][i]["name"], entry.name);
      BOOST_CHECK_EQUAL(all[key][i]["summary"], entry.summary);
      BOOST_CHECK_EQUAL(all[key][i]["source"], entry.source);
      BOOST_CHECK_EQUAL(all[key][i]["options"].size(), entry.options.size());
      const auto one = nlohmann::json::parse(shown({entry.name, "--json"}));
      BOOST_CHECK(one == all[key][i]);
    }
  };
  compare("protocols", known().protocols);
  compare("consistencies", known().consistencies);
  compare("compressions", known().compressions);
  const auto adag = nlohmann::json::parse(shown({"agn", "--json"}));
  BOOST_CHECK_EQUAL(adag["kind"], "protocol");
  BOOST_CHECK_EQUAL(adag["aliases"], nlohmann::json::array({"agn"}));
  BOOST_CHECK_EQUAL(adag["consistencies"][0], "asynchronous");
  for (const auto& [key, value] : known().protocols.find("adag")->recommended) {
    BOOST_CHECK_EQUAL(adag["recommended"][key], value);
  }
  BOOST_CHECK_EQUAL(adag["most_workers"], nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
