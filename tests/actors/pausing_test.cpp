// A run is paused and goes on: nothing is lost, and nobody counts as slow for it.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using json = nlohmann::json;

template <class Answer, class... Message>
std::optional<Answer> ask(whole_run& run, Message&&... message) {
  caf::scoped_actor self(run.where().system);
  auto answer = self->request(caf::actor_cast<caf::actor>(run.lead()), caf::infinite,
                              std::forward<Message>(message)...);
  for (int i = 0; i < 1000 && self->mailbox().empty(); ++i) run.where().run(1);
  std::optional<Answer> out;
  answer.receive([&](const Answer& said) { out = said; }, [](const caf::error&) {});
  return out;
}

std::optional<bool> pause(whole_run& run, bool on) {
  return ask<bool>(run, pause_atom::value, on);
}

json status_of(whole_run& run) {
  return json::parse(ask<std::string>(run, status_atom::value).value_or("{}"));
}

const run_event& event_of(const whole_run& run, const std::string& name) {
  for (const run_event& e : run.heard.events) {
    if (e.name == name) return e;
  }
  throw std::runtime_error("there was no event " + name);
}

/// In the middle of its first epoch.
void begin(whole_run& run) {
  run.start();
  do run.where().run(20);
  while (status_of(run)["rows"] < 200);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pausing)

BOOST_AUTO_TEST_CASE(workers_train_what_they_hold_and_wait) {
  for (const char* consistency : {"asynchronous", "{name: bounded, staleness: 1}", "synchronous",
                                  "{name: synchronous, backup_workers: 1}"}) {
    BOOST_TEST_CONTEXT(consistency) {
      whole_run run(small_job({std::string("optimizer.consistency=") + consistency}),
                    two_classes(500));
      begin(run);
      BOOST_TEST(pause(run, true).value());
      BOOST_TEST(pause(run, true).value());  // once more is the same
      run.where().pass(std::chrono::seconds(5));
      const json paused = status_of(run);
      BOOST_TEST(paused["state"] == "paused");
      BOOST_TEST(paused["rows"] < 1500);
      run.where().pass(std::chrono::seconds(60));
      const json later = status_of(run);
      BOOST_TEST(later["rows"] == paused["rows"]);
      BOOST_TEST(later["seconds"] == paused["seconds"]);  // its time stands still
      for (const json& w : later["workers"]) BOOST_TEST(w["state"] == "ready");

      BOOST_TEST(!pause(run, false).value());
      const auto outcome = run.finish();
      BOOST_REQUIRE(outcome);
      BOOST_TEST(outcome->summary["stopped_by"] == "epochs");
      BOOST_TEST(outcome->summary["rows_trained"].get<int>() -
                     outcome->summary["rows_repeated"].get<int>() ==
                 1500);
      BOOST_TEST(outcome->summary["seconds"].get<double>() < 30);
      const run_event &from = event_of(run, "paused"), &to = event_of(run, "resumed");
      BOOST_TEST(from.time == to.time);
      BOOST_TEST(to.facts["paused_seconds"].get<double>() >= 65);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_paused_run_is_kept_and_stopped) {
  whole_run run(small_job({"training.epochs=50"}), two_classes(500));
  begin(run);
  pause(run, true);
  run.where().pass(std::chrono::seconds(5));
  caf::anon_send(run.lead(), checkpoint_atom::value);
  run.where().pass(std::chrono::seconds(1));
  BOOST_TEST(run.heard.has_event("checkpoint"));
  const auto rows = status_of(run)["rows"].get<int>();
  caf::anon_send(run.lead(), stop_atom::value, std::string("command"));
  const auto outcome = run.finish();
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->summary["stopped_by"] == "command");
  BOOST_TEST(outcome->summary["rows_trained"].get<int>() == rows);
  BOOST_TEST(run.heard.has_event("resumed"));
}

BOOST_AUTO_TEST_CASE(who_is_lost_meanwhile_is_played_again) {
  for (const char* consistency : {"asynchronous", "{name: bounded, staleness: 1}"}) {
    BOOST_TEST_CONTEXT(consistency) {
      whole_run run(small_job({std::string("optimizer.consistency=") + consistency}),
                    two_classes(500), {}, true);
      begin(run);
      pause(run, true);
      run.where().pass(std::chrono::seconds(5));
      caf::anon_send_exit(run.cast().workers[2], caf::exit_reason::kill);
      run.where().pass(std::chrono::seconds(5));
      const json now = status_of(run);
      BOOST_TEST(now["state"] == "paused");
      BOOST_TEST(now["workers"][2]["incarnation"] == 2);
      BOOST_TEST(now["workers"][2]["state"] == "ready");
      pause(run, false);
      const auto outcome = run.finish();
      BOOST_REQUIRE(outcome);
      BOOST_TEST(outcome->summary["stopped_by"] == "epochs");
    }
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_train_is_not_paused) {
  whole_run run(small_job(), two_classes(500));
  BOOST_TEST(!pause(run, true).has_value());
  BOOST_TEST(!pause(run, false).value());
  BOOST_REQUIRE(run.finish());
  BOOST_TEST(!pause(run, true).has_value());
  BOOST_TEST(!run.heard.has_event("paused"));
}

BOOST_AUTO_TEST_SUITE_END()
