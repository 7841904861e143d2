// Jobs with random damage: whatever happens, it is a job or one line of error.

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "config/job_text.hpp"
#include "troupe/base/random.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::uint64_t seed = 20;

/// Pieces that mean something to YAML or to the reader.
const std::vector<std::string> pieces = {
    "{",  "}",   "[",  "]",     ":",        ": ",   ",",  "\n",    "- ",  "#", "\"",
    "'",  "&a ", "*a", "|",     ">",        "!!x",  "? ", "---\n", "...", "~", "<<",
    "\t", "010", "-1", "1e999", "\xff\xfe", "\xc3", "%",  "@",     "`"};

std::string damaged(std::string text, std::uint64_t round) {
  const random_stream random(seed, random_purpose::test, round);
  const std::uint64_t hits = 1 + random.below(0, 4);
  for (std::uint64_t hit = 0; hit < hits; ++hit) {
    const std::uint64_t at = random.below(4 * hit + 1, text.size());
    const std::uint64_t what = random.below(4 * hit + 2, 4);
    const std::uint64_t pick = random.below(4 * hit + 3, 1 << 16);
    if (what == 0) {
      text[at] = static_cast<char>(text[at] ^ (1 << (pick % 8)));
    } else if (what == 1) {
      text.erase(at, 1 + pick % 20);
    } else if (what == 2) {
      text.insert(at, pieces[pick % pieces.size()]);
    } else {
      text.insert(at, text.substr(pick % text.size(), 30));
    }
    if (text.empty()) text = " ";
  }
  return text;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Reads and checks; true for a sound job. Anything but troupe::error escapes and fails the test.
bool sound(const std::string& text, const std::vector<std::string>& overrides) {
  try {
    const job j = parse(text, overrides);
    check(j, known());
    return true;
  } catch (const error& e) {
    const std::string said = e.what();
    BOOST_TEST(said.find('\n') == std::string::npos);
    BOOST_TEST(!e.place().empty());
    BOOST_TEST(!e.message().empty());
    return false;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mutations)

BOOST_AUTO_TEST_CASE(damaged_jobs_are_jobs_or_errors) {
  constexpr std::uint64_t rounds = 400;
  std::uint64_t round = 0, refused = 0;
  for (const std::string& name : sample_jobs()) {
    const std::string text = text_of(sample_path(name));
    for (std::uint64_t i = 0; i < rounds; ++i) {
      const std::string bad = damaged(text, ++round);
      BOOST_TEST_CONTEXT("round " << round << " of " << name) {
        refused += !sound(bad, {});
      }
    }
  }
  BOOST_TEST(refused > round / 3);
}

BOOST_AUTO_TEST_CASE(damaged_options_are_options_or_errors) {
  const std::vector<std::string> options = {"training.epochs=5", "model.layers.0.conv2d.filters=16",
                                            "optimizer.gradient_rule={name: sgd}", "data.test=null",
                                            "model.layers=[flatten, {dense: {units: 3}}]"};
  for (std::uint64_t round = 0; round < 1000; ++round) {
    const std::string option = damaged(options[round % options.size()], 100000 + round);
    BOOST_TEST_CONTEXT("round " << round << ": " << option) {
      sound(sound_job, {option});
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
