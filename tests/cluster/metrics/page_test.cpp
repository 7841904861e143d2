// The page that follows a run, in a browser.

#include <atomic>
#include <thread>

#include "cluster/metrics/browser.hpp"
#include "cluster/metrics/example_status.hpp"
#include "cluster/metrics/http_client.hpp"
#include "cluster/slowed_run.hpp"
#include "cluster/workspace.hpp"
#include "troupe/cluster/metrics/web_desk.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using ojson = nlohmann::ordered_json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whether there is a browser to see with; says so where there is none.
bool can_see() {
  if (!browser::program().empty()) return true;
  BOOST_TEST_MESSAGE("skipped: there is no chromium");
  return false;
}

/// What a page is made of by now.
const std::string markup = "document.documentElement.outerHTML";
const std::string state_shown = "document.getElementById('state').textContent";

/// A run that is made up, served as one that lives.
class made_up_run {
 public:
  /// `tells_end`: whether who waits for the end is told of it, as of a run that
  /// ends in order.
  explicit made_up_run(bool tells_end, std::uint16_t at = 0) {
    events->add({0, "started", {{"workers", 2}}});
    events->add({1.5, "worker_lost", {{"reason", "<img src=x onerror=alert(1)>"}}});
    events->add({2, "rebalanced", {{"rows", 40}, {"epoch", 2}, {"from", 1}, {"to", 0}}});
    events->add({2.1, "rebalanced", {{"rows", 2}, {"epoch", 2}, {"from", 1}, {"to", 2}}});
    ojson status = example_status();
    status["name"] = "<b>bold</b>";
    status["workers"][0]["node"] = "\"><script>window.bad = 1</script>";
    web_desk::sources from;
    from.status = [text = status.dump() + "\n"] { return text; };
    from.events = events;
    auto desk = std::make_shared<web_desk>(std::move(from));
    descriptor listening = listen_on(resolve("127.0.0.1", at, true).front());
    port = local_address(listening.get()).port();
    service.emplace(std::move(listening),
                    [this, desk, tells_end](const http_request& r) -> std::optional<http_answer> {
                      if (r.target == "/status") ++looks;
                      if (r.target == "/end" && !tells_end) return http_answer{404, "", none};
                      if (r.target == "/end") ++waiting;
                      return desk->answer(r, web_desk::clock::now());
                    });
    service->set_last_words(json_answer(
        200, R"({"stopped_by":"epochs","rows_trained":12345,"seconds":61,"test_loss":0.5})"));
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/"; }

  std::shared_ptr<event_log> events = std::make_shared<event_log>();
  std::shared_ptr<const std::string> none = std::make_shared<const std::string>();
  std::uint16_t port = 0;
  std::atomic<int> looks{0}, waiting{0};
  std::optional<http_service> service;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(live_pages)

BOOST_AUTO_TEST_CASE(what_a_run_says_is_shown_as_text) {
  if (!can_see()) return;
  const workspace here;
  made_up_run run(true);
  browser seen(here);
  seen.open(run.url());
  BOOST_TEST_REQUIRE(seen.wait_for("document.querySelectorAll('#events li').length === 3"));
  const std::string page = seen.value_of(markup);
  for (const char* part :
       {"&lt;b&gt;bold&lt;/b&gt;", "class=\"badge good\" role=\"status\">training<",
        "adag, bounded", "epoch 3 of 10", "2,500 of 10,000 rows (25 %)", "1 not keeping up",
        "slow 0.40", "&lt;script&gt;window.bad = 1&lt;/script&gt;", "2 parameter servers", "silent",
        "&lt;img src=x onerror=alert(1)&gt;", "42 rows of epoch 2: worker 1 → workers 0, 2",
        "class=\"curve\"", "test f1", "1024"}) {
    BOOST_TEST(has(page, part), part);
  }
  BOOST_TEST(seen.value_of("document.querySelectorAll('script, img, b b').length") == "1");
  BOOST_TEST(seen.value_of("typeof window.bad") == "undefined");
  // It goes on looking.
  const int looks = run.looks;
  BOOST_TEST(becomes_true([&] { return run.looks > looks; }));
  BOOST_TEST(seen.complaints() == "");
}

BOOST_AUTO_TEST_CASE(the_page_says_when_a_run_has_ended) {
  if (!can_see()) return;
  const workspace here;
  made_up_run run(true);
  browser seen(here);
  seen.open(run.url());
  BOOST_TEST_REQUIRE(seen.wait_for(state_shown + " === 'training'"));
  // It waits to be told.
  BOOST_TEST_REQUIRE(becomes_true([&] { return run.waiting > 0; }));
  run.service.reset();
  BOOST_TEST_REQUIRE(seen.wait_for(state_shown + " === 'over'"));
  const std::string said = seen.value_of("document.getElementById('notice').textContent");
  BOOST_TEST(said ==
             "The run has ended, stopped by epochs: 12,345 rows in "
             "1:01, test loss 0.5.");
  BOOST_TEST(has(seen.value_of(markup),
                 "2,500 of 10,000 rows"));  // the last picture stays
}

BOOST_AUTO_TEST_CASE(the_page_says_when_a_run_does_not_answer_and_finds_it_again) {
  if (!can_see()) return;
  const workspace here;
  std::optional<made_up_run> run(false);
  browser seen(here);
  seen.open(run->url());
  BOOST_TEST_REQUIRE(seen.wait_for(state_shown + " === 'training'"));
  const std::uint16_t port = run->port;
  run.reset();
  BOOST_TEST_REQUIRE(seen.wait_for(state_shown + " === 'connection lost'"));
  const std::string said = seen.value_of("document.getElementById('notice').textContent");
  BOOST_TEST(has(said, "The run does not answer. What is shown is "), said);
  BOOST_TEST(has(seen.value_of(markup), "2,500 of 10,000 rows"));
  run.emplace(false, port);
  BOOST_TEST(seen.wait_for(state_shown + " === 'training'"));
  BOOST_TEST(seen.value_of("document.getElementById('notice').hidden") == "true");
}

BOOST_AUTO_TEST_CASE(a_run_with_a_slow_worker_is_drawn_in_light_and_in_dark) {
  if (!can_see()) return;
  const workspace here;
  slowed_run run(here / "run", {"metrics.listen=127.0.0.1:0"});
  const auto status = [&] { return connect_to_folder(run.folder)->ask({{"request", "status"}}); };
  const std::string url = status()["metrics_url"];
  browser seen(here);
  std::vector<std::string> pictures;
  for (const bool dark : {false, true}) {
    seen.open(url, dark);
    BOOST_TEST_REQUIRE(
        seen.wait_for("(document.querySelector('#loss .curve') || {getAttribute: () => "
                      "''}).getAttribute('d')"
                      ".split('L').length > 12 && document.querySelectorAll('#workers "
                      "tr.bad').length === 1"));
    BOOST_TEST(has(seen.value_of("document.querySelector('#workers tr.bad').textContent"), "slow"));
    BOOST_TEST(seen.value_of("getComputedStyle(document.body).backgroundColor") ==
               (dark ? "rgb(20, 23, 28)" : "rgb(255, 255, 255)"));
    pictures.push_back(seen.picture());
    BOOST_TEST(pictures.back().rfind("\x89PNG", 0) == 0u);
    // A page that failed to draw would be one colour, which is a few kilobytes.
    BOOST_TEST(pictures.back().size() > 40000u);
    // To be looked at, where somebody names a folder for it.
    if (const char* keep = std::getenv("TROUPE_KEEP_PICTURES")) {
      std::ofstream(std::string(keep) + (dark ? "/live-dark.png" : "/live-light.png"),
                    std::ios::binary)
          << pictures.back();
    }
  }
  BOOST_TEST(pictures[0] != pictures[1]);
  // On a telephone nothing is wider than the screen.
  seen.open(url, false, 390, 800);
  BOOST_TEST_REQUIRE(seen.wait_for("document.querySelectorAll('#workers tr').length === 5"));
  BOOST_TEST(seen.value_of("document.documentElement.scrollWidth <= 390") == "true");
  BOOST_TEST(seen.complaints() == "");
}

BOOST_AUTO_TEST_SUITE_END()
