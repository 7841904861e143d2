#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cluster/monitor_fixture.hpp"

// What `troupe top` shows, as whole screens: tests/cluster/screens has them. Run with
// TROUPE_WRITE_SCREENS=1 to write them anew, then look at them.

using namespace troupe::cli;
using namespace troupe::testing;

namespace {

using json = nlohmann::ordered_json;

void check_screen(const std::string& name, const grid& shown) {
  const std::string path = TROUPE_SOURCE_DIR "/tests/cluster/screens/" + name + ".txt";
  if (std::getenv("TROUPE_WRITE_SCREENS")) std::ofstream(path) << shown.text();
  std::ostringstream expected;
  expected << std::ifstream(path).rdbuf();
  BOOST_CHECK_MESSAGE(shown.text() == expected.str(), name << " is now:\n" << shown.text());
  for (int y = 0; y < shown.height(); ++y) BOOST_CHECK_LE(columns_of(shown.line(y)), shown.width());
}

grid shown(const run_view& of, int width, int height, layout_choice choice = {}) {
  return draw(of, choice, width, height);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The look of the first cell of a text.
look look_at(const grid& on, const std::string& text) {
  for (int y = 0; y < on.height(); ++y) {
    const std::string line = on.line(y);
    if (const auto at = line.find(text); at != std::string::npos) {
      return on.at(columns_of(line.substr(0, at)), y).style;
    }
  }
  BOOST_ERROR("'" << text << "' is not in:\n" << on.text());
  return look::plain;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(monitor_screens)

BOOST_AUTO_TEST_CASE(of_usual_sizes) {
  const run_watch watch = pretended_watch(4);
  check_screen("80x24", shown(watch.view(), 80, 24));
  check_screen("160x50", shown(watch.view(), 160, 50));
  check_screen("160x50-200-workers", shown(pretended_watch(200).view(), 160, 50));
  layout_choice ascii;
  ascii.unicode = false;
  const grid plain = shown(watch.view(), 80, 24, ascii);
  check_screen("80x24-ascii", plain);
  for (const char c : plain.text()) BOOST_REQUIRE(c == '\n' || (c >= ' ' && c <= '~'));
}

BOOST_AUTO_TEST_CASE(the_straggler_and_what_was_moved_stand_out) {
  const grid screen = shown(pretended_watch(4).view(), 80, 24);
  BOOST_CHECK(look_at(screen, "slow 0.25") == look::bad);
  BOOST_CHECK(look_at(screen, "rebalanced") == look::warning);
  BOOST_CHECK(look_at(screen, " training ") == look::good);
  BOOST_CHECK(has(screen.text(), "72 rows of epoch 1: worker 1 -> workers 0, 2"));
}

BOOST_AUTO_TEST_CASE(of_many_workers) {
  const run_watch watch = pretended_watch(200);
  check_screen("80x24-200-workers", shown(watch.view(), 80, 24));
  layout_choice choice;
  layout_facts facts;
  choice.first = 1000;  // more than there are
  choice.sort = "rows/s";
  const std::string last = draw(watch.view(), choice, 80, 24, &facts).text();
  BOOST_CHECK_EQUAL(choice.first + facts.rows, 200u);
  BOOST_CHECK(has(last, "-200 of 200 "));
  BOOST_CHECK(has(last, "rows/s▲"));
  choice.first = 0;
  BOOST_CHECK(has(draw(watch.view(), choice, 80, 24).text(), "slow 0.13"));  // the slowest first
  choice.reversed = true;
  const std::string fastest = draw(watch.view(), choice, 80, 24).text();
  BOOST_CHECK(!has(fastest, "slow"));
  BOOST_CHECK(has(fastest, "rows/s▼"));
  BOOST_CHECK(has(fastest, "    199"));
}

BOOST_AUTO_TEST_CASE(where_nobody_is_here_yet) {
  run_watch watch;
  json status = {{"name", "digits"},
                 {"protocol", "downpour"},
                 {"consistency", "bounded"},
                 {"compression", "none"},
                 {"state", "assembling"}};
  status["nodes"] = json::array({{{"node", "alpha"}, {"state", "joined"}, {"host", "127.0.0.1"}},
                                 {{"node", "beta"}, {"state", "awaited"}, {"host", nullptr}}});
  watch.take_status(status, 0);
  check_screen("80x24-assembling", shown(watch.view(), 80, 24));
  check_screen("80x24-nothing", shown(run_view(), 80, 24));
  BOOST_CHECK(has(one_line(watch.view()), "- s  assembling"));
}

BOOST_AUTO_TEST_CASE(of_a_run_that_is_over) {
  run_watch watch = pretended_watch(4);
  json status = pretended_status(4);
  status["state"] = "scoring";
  status["rows"] = 48000;
  watch.take_status(status, 120);
  watch.take_event(R"({"time":192.1,"event":"stopped","reason":"epochs","rows":48000})");
  BOOST_CHECK_EQUAL(watch.stopped_by(), "epochs");
  watch.over("stopped by epochs: 48000 rows in 192.1 s, test loss 0.0256, accuracy 0.9917", true);
  check_screen("80x24-over", shown(watch.view(), 80, 24));
  BOOST_CHECK(has(one_line(watch.view()), "over: stopped by epochs: 48000 rows"));

  watch.over("stopped by failed: 100 rows in 0.1 s (" + std::string(60, 'x') + " is gone)", false);
  const grid failed = shown(watch.view(), 80, 24);
  BOOST_CHECK(look_at(failed, "stopped by failed") == look::bad);
  BOOST_CHECK(look_at(failed, "is gone") == look::bad);  // on the next line
}

BOOST_AUTO_TEST_CASE(where_nobody_answers_the_last_picture_stays) {
  run_watch watch = pretended_watch(4);
  watch.lost("the run's process is gone");
  const grid screen = shown(watch.view(), 80, 24);
  BOOST_CHECK(look_at(screen, "connection lost") == look::bad);
  BOOST_CHECK(look_at(screen, "the run's process is gone") == look::bad);
  BOOST_CHECK(has(screen.text(), "slow 0.25"));
  watch.take_status(pretended_status(4), 130);
  BOOST_CHECK(!has(shown(watch.view(), 80, 24).text(), "gone"));
}

BOOST_AUTO_TEST_CASE(no_size_is_too_small) {
  const run_watch watch = pretended_watch(4);
  check_screen("40x12", shown(watch.view(), 40, 12));
  check_screen("20x5", shown(watch.view(), 20, 5));
  layout_choice asks;
  asks.question = "stop the run? y/n";
  layout_choice helps;
  helps.help = true;
  check_screen("80x24-help", shown(watch.view(), 80, 24, helps));
  for (int width = 0; width < 170; width += width < 30 ? 1 : 7) {
    for (int height = 0; height < 60; height += height < 30 ? 1 : 5) {
      for (const layout_choice& choice : {layout_choice(), asks, helps}) {
        const grid screen = shown(watch.view(), width, height, choice);
        BOOST_REQUIRE_EQUAL(screen.width(), width);
        BOOST_REQUIRE_EQUAL(screen.height(), height);
      }
    }
  }
  BOOST_CHECK(look_at(shown(watch.view(), 80, 24, asks), "stop the run? y/n") == look::warning);
}

BOOST_AUTO_TEST_CASE(names_of_strangers_steer_no_terminal) {
  run_watch watch;
  json status = pretended_status(4);
  status["name"] = "\033[2Jd\u00e9j\u00e0 \xff\u6570\u5b57 \u202e";
  watch.take_status(status, 0);
  const std::string text = shown(watch.view(), 80, 24).text();
  BOOST_CHECK(has(text, " ?[2Jd\u00e9j\u00e0 ?\u6570\u5b57 ?  downpour"));
  layout_choice ascii;
  ascii.unicode = false;
  BOOST_CHECK(has(shown(watch.view(), 80, 24, ascii).text(), " ?[2Jd?j? ?"));
}

BOOST_AUTO_TEST_SUITE_END()
