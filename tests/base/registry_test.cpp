#include "troupe/base/registry.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;

namespace {

struct thing {
  std::string name;
  int value = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(registry_suite)

BOOST_AUTO_TEST_CASE(entries_are_found_by_name_and_replaced_by_name) {
  registry<thing> known;
  known.add({"dense", 1});
  known.add({"conv2d", 2});
  known.add({"dense", 3});
  BOOST_TEST(known.entries().size() == 2u);
  BOOST_TEST(known.at("dense", "", "layer").value == 3);
  BOOST_TEST((known.find("flatten") == nullptr));
  BOOST_TEST((known.names() == words{"dense", "conv2d"}));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error_of_the_job) {
  registry<thing> known;
  known.add({"dense", 1});
  try {
    known.at("dens", "job.yaml:3:5", "layer");
    BOOST_ERROR("nothing was thrown");
  } catch (const error& e) {
    BOOST_TEST((e.kind() == error_kind::job));
    BOOST_TEST(e.place() == "job.yaml:3:5");
    BOOST_TEST(e.message() == "unknown layer 'dens'; did you mean 'dense'?");
    BOOST_TEST(e.what() == "job.yaml:3:5: unknown layer 'dens'; did you mean 'dense'?");
  }
}

BOOST_AUTO_TEST_CASE(a_message_is_one_line_without_control_characters) {
  const error e = data_error("a\nb", "evil \x1b[2J\x7f name\t\xc3\xa4");
  BOOST_TEST(e.what() == "a b: evil ?[2J? name \xc3\xa4");
}

BOOST_AUTO_TEST_SUITE_END()
