#include <limits>
#include <utility>

#include "cluster/control_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;

BOOST_AUTO_TEST_SUITE(control_events)

BOOST_AUTO_TEST_CASE(events_so_far_and_from_a_place_on) {
  const workspace here;
  pretended_run run(here.path());
  raw_client client(here.path());
  BOOST_CHECK_EQUAL(client.ask(events_request)["next"], 0);  // there is no file yet
  append(here, event_line(1) + event_line(2) + "{\"time\":3");
  client.request(events_request);
  BOOST_CHECK_EQUAL(client.answer()["time"], 1);
  BOOST_CHECK_EQUAL(client.answer()["time"], 2);
  const json next = client.answer();
  BOOST_CHECK_EQUAL(next["next"], event_line(1).size() * 2);
  append(here, ",\"event\":\"stopped\"}\n");
  client.request({{"request", "events"}, {"after", next["next"]}});
  BOOST_CHECK_EQUAL(client.answer()["event"], "stopped");
  const auto size = std::filesystem::file_size(here / "events.jsonl");
  BOOST_CHECK_EQUAL(client.answer()["next"], size);
  const auto far = std::numeric_limits<std::uint64_t>::max();
  BOOST_CHECK_EQUAL(client.ask({{"request", "events"}, {"after", far}})["next"], far);
  // The same as one message.
  const auto lines = lines_of(run.desk->answer(follow_request.dump()));
  BOOST_REQUIRE_EQUAL(lines.size(), 4u);
  BOOST_CHECK_EQUAL(json::parse(lines[3])["next"], size);
}

BOOST_AUTO_TEST_CASE(many_events_come_whole_through_either_way) {
  const workspace here;
  std::string text;
  for (int i = 0; i < 100000; ++i) text += event_line(i);
  text += "{\"time\":0,\"event\":\"long\",\"reason\":\"" + std::string(1 << 19, 'r') + "\"}\n";
  append(here, text);
  pretended_run run(here.path());
  raw_client client(here.path()), other(here.path());
  client.request(events_request);
  client.request(stop_request);  // is answered behind the events
  BOOST_CHECK_EQUAL(other.ask(stop_request)["stopping"], true);
  std::string got;
  for (auto line = client.line(); line && line->find("\"next\"") == std::string::npos;
       line = client.line()) {
    got += *line + "\n";
  }
  BOOST_CHECK(got == text);
  BOOST_CHECK_EQUAL(client.answer()["stopping"], true);

  std::string pieces;
  for (std::uint64_t next = 0, before = 1; next != before;) {
    const std::string answer =
        run.desk->answer(json{{"request", "events"}, {"after", next}}.dump());
    BOOST_CHECK_LT(answer.size(), 3u << 20);
    const std::size_t last = answer.rfind("{\"next\"");
    pieces += answer.substr(0, last);
    before = std::exchange(next, json::parse(answer.substr(last))["next"].get<std::uint64_t>());
  }
  BOOST_CHECK(pieces == text);
}

BOOST_AUTO_TEST_CASE(events_are_followed_to_the_end) {
  const workspace here;
  append(here, event_line(1));
  pretended_run run(here.path());
  raw_client client(here.path()), half(here.path());
  client.request(follow_request);
  half.request(follow_request);
  half.say_no_more();
  BOOST_CHECK_EQUAL(client.answer()["time"], 1);
  append(here, event_line(2));
  BOOST_CHECK_EQUAL(client.answer()["time"], 2);
  BOOST_CHECK_EQUAL(client.ask(stop_request)["stopping"], true);
  append(here, event_line(3));
  run.socket.reset();
  BOOST_CHECK_EQUAL(client.answer()["time"], 3);
  BOOST_CHECK(client.answer().contains("next"));
  BOOST_CHECK(client.closed());
  for (int i = 1; i <= 3; ++i) BOOST_CHECK_EQUAL(half.answer()["time"], i);
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_nothing_delays_the_end_for_a_moment_only) {
  const workspace here;
  std::string text;
  for (int i = 0; i < 50000; ++i) text += event_line(i);
  append(here, text);
  control_limits limits;
  limits.farewell = milliseconds(300);
  pretended_run run(here.path(), limits);
  raw_client slow(here.path()), other(here.path());
  slow.request(follow_request);
  BOOST_CHECK(other.ask(status_request).contains("asked"));
  const auto start = steady::now();
  run.socket.reset();
  BOOST_CHECK(steady::now() - start < milliseconds(5000));
  BOOST_CHECK(!here.has("control"));
}

BOOST_AUTO_TEST_SUITE_END()
