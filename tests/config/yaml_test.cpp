// The tree of YAML with its places, and what it refuses.

#include <boost/test/unit_test.hpp>

#include "troupe/base/error.hpp"
#include "troupe/config/yaml/override.hpp"
#include "troupe/config/yaml/parser.hpp"
#include "troupe/config/yaml/writer.hpp"

using namespace troupe;
using yaml::node;

namespace {

std::string refusal(const std::string& text) {
  try {
    yaml::parse(text, "f");
    return {};
  } catch (const error& e) {
    return e.what();
  }
}

std::string refusal_of_set(node& root, const std::string& assignment) {
  try {
    yaml::set(root, assignment);
    return {};
  } catch (const error& e) {
    return e.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml_tree)

BOOST_AUTO_TEST_CASE(every_part_knows_its_place) {
  const node root = yaml::parse("a: 1\nb:\n  - x\n  - {c: \"2\"}\nd: [3, 4]\n", "f");
  BOOST_TEST(root.find("a")->text == "1");
  BOOST_TEST(root.find("a")->plain);
  BOOST_TEST(!root.find("b")->items[1].find("c")->plain);
  const auto places = yaml::places_of(root);
  BOOST_TEST(places.at("") == "f");
  BOOST_TEST(places.at("a") == "f:1:4");
  BOOST_TEST(places.at("b") == "f:2:1");
  BOOST_TEST(places.at("b.0") == "f:3:5");
  BOOST_TEST(places.at("b.1.c") == "f:4:9");
  BOOST_TEST(places.at("d") == "f:5:4");
}

BOOST_AUTO_TEST_CASE(aliases_are_written_out) {
  const node root = yaml::parse("a: &x {k: [1, 2]}\nb: *x\n", "f");
  BOOST_TEST(root.find("b")->find("k")->items.size() == 2u);
  BOOST_TEST(root.find("b")->place() == "f:2:4");
}

BOOST_AUTO_TEST_CASE(the_billion_laughs_are_not_laughed) {
  std::string text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += before + (k < 9 ? ", " : "]\n");
  }
  BOOST_TEST(refusal(text).find("too large with its aliases") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bounds_on_size_and_depth) {
  BOOST_TEST(refusal("a: " + std::string(yaml::most_bytes, 'x')).find("larger than") !=
             std::string::npos);
  std::string many = "a: [";
  while (many.size() + 10 < yaml::most_bytes) many += "1,";
  BOOST_TEST(refusal(many + "1]").find("too large") != std::string::npos);
  BOOST_TEST(refusal("a: " + std::string(100, '[') + std::string(100, ']')).find("in each other") !=
             std::string::npos);
  BOOST_TEST(refusal(std::string(100000, '[')) != "");
  BOOST_TEST(refusal("a: &x [*x]").find("inside of what it repeats") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(messages_are_one_line) {
  const std::string said = refusal("\"a\\nb\": 1\n\"a\\nb\": 2\n");
  BOOST_TEST(said == "f:2:1: duplicate key 'a\\nb' (first in line 1)");
  BOOST_TEST(yaml::one_line(std::string(100000, 'x')).size() < 1000u);
}

BOOST_AUTO_TEST_CASE(options_change_the_tree) {
  node root = yaml::parse("a: {b: 1}\nl: [{dense: {units: 3}}, flatten]\nr: adam\n", "f");
  yaml::set(root, "a.b=2");
  yaml::set(root, "a.c.d=[1, 2]");
  yaml::set(root, "l.0.dense.units=4");
  yaml::set(root, "l.1.flatten.x=1");
  yaml::set(root, "l.2=softmax");
  yaml::set(root, "r.learning_rate=0.1");
  BOOST_TEST(root.find("a")->find("b")->text == "2");
  BOOST_TEST(root.find("a")->find("b")->place() == "--set a.b=2");
  BOOST_TEST(root.find("a")->find("c")->find("d")->items.size() == 2u);
  BOOST_TEST(root.find("l")->items[0].find("dense")->find("units")->text == "4");
  BOOST_TEST(root.find("l")->items[1].find("flatten")->find("x")->text == "1");
  BOOST_TEST(root.find("l")->items[2].text == "softmax");
  BOOST_TEST(root.find("r")->find("name")->text == "adam");
  yaml::set(root, "l.0=null");
  BOOST_TEST(root.find("l")->items.size() == 2u);
  yaml::set(root, "a=null");
  BOOST_TEST(!root.find("a"));
}

BOOST_AUTO_TEST_CASE(bad_options_name_themselves) {
  node root = yaml::parse("a: {b: 1}\nl: [x]\n", "f");
  for (const char* bad :
       {"a", "=3", "a..b=1", ".a=1", "a.b=", "l.x=1", "l.7=1", "l.1=null", "a.c=null", "a.b=[",
        "a.b={x: 1, x: 2}", "l.-1=2", "l.99999999999999999999999=1"}) {
    const std::string said = refusal_of_set(root, bad);
    const std::string start = std::string("--set ") + bad + ": ";
    BOOST_TEST_CONTEXT(said) {
      BOOST_TEST(said.substr(0, start.size()) == start);
    }
  }
  std::string deep = "a";
  for (int i = 0; i < 10000; ++i) deep += ".a";
  BOOST_TEST(refusal_of_set(root, deep + "=1").find("path is too long") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back) {
  const std::vector<std::string> texts = {"plain", "two words", "true",  "null", "~",  "010", "1e5",
                                          "a: b",  "#x",        "\"q\"", "\\",   "",   "-",   "...",
                                          "é",     "a\nb\tc",   "*a",    "&a",   "!t", "[x",  "no"};
  for (const std::string& text : texts) {
    yaml::writer out;
    out.put("k", text);
    out.put("l", words{text, text});
    const node root = yaml::parse(out.text(), "f");
    BOOST_TEST_CONTEXT(out.text()) {
      BOOST_TEST(root.find("k")->is(node::kind::scalar));
      BOOST_TEST(root.find("k")->text == text);
      BOOST_TEST(root.find("l")->items.size() == 2u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
