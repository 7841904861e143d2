// docs/job-file.md is what the declarations say.

#include "troupe/config/reference.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/job_text.hpp"
#include "troupe/config/sections/key.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(the_page_is_up_to_date) {
  const std::string page = reference_page(known());
  const std::string path = TROUPE_SOURCE_DIR "/docs/job-file.md";
  if (std::getenv("TROUPE_WRITE_REFERENCE")) std::ofstream(path) << page;
  std::ifstream file(path);
  std::ostringstream committed;
  committed << file.rdbuf();
  const bool same = committed.str() == page;
  BOOST_TEST(same, "docs/job-file.md is out of date: run this test with TROUPE_WRITE_REFERENCE=1");
}

BOOST_AUTO_TEST_CASE(every_declaration_is_explained_and_its_default_allowed) {
  const auto explained = [](const setting& s, const std::string& where) {
    BOOST_TEST_CONTEXT(where << " " << s.name) {
      BOOST_TEST(!s.meaning.empty());
      if (s.fallback) BOOST_TEST(misfit(s, *s.fallback) == "");
    }
  };
  for (const section& s : job_sections()) {
    for (const auto& k : s.keys) explained(k.declaration, s.path);
  }
  for (const auto& k : node_keys()) explained(k.declaration, "node");
  const auto all = [&](const auto& known_entries) {
    for (const auto& e : known_entries.entries()) {
      BOOST_TEST(!e.summary.empty());
      for (const setting& s : e.options) explained(s, e.name);
    }
  };
  all(known().data.readers);
  all(known().data.transforms);
  all(known().models.layers);
  all(known().models.metrics);
  all(known().models.rules);
  all(known().protocols);
  all(known().consistencies);
  all(known().compressions);
}

BOOST_AUTO_TEST_CASE(the_page_says_what_goes_together) {
  const std::string page = reference_page(known());
  for (const char* text :
       {"Consistency: `asynchronous` (default), `bounded`, `synchronous`.",
        "Takes every compression.", "Source: Ho et al., More effective distributed ML",
        "Bytes for n numbers: 4 n. Error of one number: 0."}) {
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(page.find(text) != std::string::npos);
    }
  }
  for (const protocol_entry& protocol : known().protocols.entries()) {
    for (const auto& [key, value] : protocol.recommended) {
      BOOST_TEST(page.find("- `" + key + "=" + value + "`\n") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(no_option_of_a_protocol_hides_a_key) {
  for (const section& s : job_sections()) {
    if (s.path != "optimizer") continue;
    for (const protocol_entry& protocol : known().protocols.entries()) {
      for (const setting& option : protocol.options) BOOST_TEST(!s.find(option.name));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
