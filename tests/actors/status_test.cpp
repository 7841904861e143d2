// What a supervisor says of its run while it lives, and servers of their slices.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "actors/whole_run.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using json = nlohmann::json;

/// Asks while the run goes on.
json status_of(whole_run& run) {
  caf::scoped_actor self(run.where().system);
  auto answer =
      self->request(caf::actor_cast<caf::actor>(run.lead()), caf::infinite, status_atom::value);
  json out;
  for (int i = 0; i < 1000 && self->mailbox().empty(); ++i) run.where().run(1);
  answer.receive([&](const std::string& text) { out = json::parse(text); },
                 [](const caf::error&) {});
  BOOST_REQUIRE(out.is_object());
  return out;
}

std::uint64_t sum(const json& list, const char* key) {
  std::uint64_t out = 0;
  for (const json& one : list) out += one[key].get<std::uint64_t>();
  return out;
}

json all_slices(const json& status) {
  json out = json::array();
  for (const json& server : status["parameter_servers"]) {
    for (const json& slice : server["slices"]) out.push_back(slice);
  }
  return out;
}

struct choice {
  const char* protocol;
  const char* consistency;
  const char* compression;
};

const choice choices[] = {
    {"downpour", "asynchronous", "none"},
    {"adag", "{name: bounded, staleness: 1}", "int8"},
    {"aeasgd", "asynchronous", "float16"},
    {"averaging", "synchronous", "none"},
    {"downpour", "{name: synchronous, backup_workers: 1}", "none"},
    {"ensemble", "", "none"},
};

job job_of(const choice& c) {
  std::vector<std::string> settings = {std::string("optimizer.protocol=") + c.protocol,
                                       std::string("optimizer.compression=") + c.compression};
  if (*c.consistency != 0) {
    settings.push_back(std::string("optimizer.consistency=") + c.consistency);
  }
  return small_job(settings);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(before_it_trains_there_is_not_much_to_say) {
  whole_run run(small_job(), two_classes(500));
  const json now = status_of(run);
  BOOST_TEST(now["name"] == "small");
  BOOST_TEST(now["protocol"] == "downpour");
  BOOST_TEST(now["state"] == "installing");
  BOOST_TEST(now["seconds"] == 0);
  BOOST_TEST(now["epoch"] == 1);
  BOOST_TEST(now["rows"] == 0);
  BOOST_TEST(now["total_rows"] == 1500);
  BOOST_TEST(now["loss"].is_null());
  BOOST_TEST(now["evaluation"].is_null());
  BOOST_TEST(now["history"]["time"].empty());
  BOOST_TEST(now["samples_per_second"].is_null());
  BOOST_REQUIRE(now["workers"].size() == 3u);
  for (const json& w : now["workers"]) {
    BOOST_TEST(w["state"] == "absent");
    BOOST_TEST(w["node"] == "");
    BOOST_TEST(w["seconds_since_report"].is_null());
  }
  BOOST_TEST(all_slices(now).empty());
}

BOOST_AUTO_TEST_CASE(while_it_trains_everybody_is_told_of) {
  for (const choice& c : choices) {
    BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency) {
      whole_run run(job_of(c), two_classes(500));
      run.start();
      json now;
      do {
        run.where().run(20);
        now = status_of(run);
      } while (now["rows"] < 600);
      BOOST_TEST(now["state"] == "training");
      BOOST_TEST(now["loss"].get<double>() > 0);
      BOOST_TEST(now["accuracy"].get<double>() > 0.3);
      BOOST_TEST(now["accuracy"].get<double>() <= 1);
      const json& workers = now["workers"];
      BOOST_TEST(sum(workers, "rows") - now["rows_repeated"].get<std::uint64_t>() == now["rows"]);
      BOOST_TEST(sum(workers, "rows_leased") > 0u);
      BOOST_TEST(sum(workers, "rows_moved_in") == sum(workers, "rows_moved_out"));
      const json& history = now["history"];
      BOOST_TEST(!history["time"].empty());
      for (const json& list : history) BOOST_TEST(list.size() == history["time"].size());
      BOOST_TEST(history["rows"].back() == now["rows"]);
      for (const json& server : now["parameter_servers"]) BOOST_TEST(server["queue"].is_number());
      BOOST_TEST(sum(workers, "commits") == now["commits"]);
      for (const json& w : workers) {
        BOOST_TEST(w["state"] == "ready");
        BOOST_TEST(w["incarnation"] == 1);
        BOOST_TEST(w["rows"] > 0);
        BOOST_TEST(w["mini_batches"] > 0);
        BOOST_TEST(w["seconds_since_report"].is_number());
        BOOST_TEST(w["loss"].get<double>() > 0);
        BOOST_TEST(w["accuracy"].get<double>() <= 1);
        BOOST_TEST(w["window_rows"] > 0);
        BOOST_TEST(w["windows_behind"] <= now["commits"]);
        BOOST_TEST(w["rows_moved_in"].is_number());
        BOOST_TEST(w["rows_moved_out"].is_number());
        BOOST_TEST(w["loss"].get<double>() > 0);
        BOOST_TEST(w["accuracy"].get<double>() <= 1);
        BOOST_TEST(w["window_rows"] > 0);
        BOOST_TEST(w["windows_behind"] <= now["commits"]);
        BOOST_TEST(w["rows_moved_in"].is_number());
        BOOST_TEST(w["rows_moved_out"].is_number());
      }
      const json slices = all_slices(now);
      BOOST_TEST(slices.size() == (c.protocol == std::string("ensemble") ? 9u : 3u));
      for (const json& slice : slices) {
        BOOST_TEST(slice["version"] > 0);
        BOOST_TEST(slice["commits"] >= slice["version"]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(in_the_end_servers_and_workers_have_counted_the_same) {
  for (const choice& c : choices) {
    BOOST_TEST_CONTEXT(c.protocol << " " << c.consistency) {
      whole_run run(job_of(c), two_classes(500));
      const auto outcome = run.finish();
      BOOST_REQUIRE(outcome);
      const json summary = json::parse(outcome->summary.dump());
      const json now = status_of(run);
      BOOST_TEST(now["state"] == "done");
      BOOST_TEST(now["seconds"] == summary["seconds"]);
      BOOST_TEST(now["rows"] == now["total_rows"]);
      BOOST_TEST(now["epoch"] == 3);
      BOOST_TEST(sum(now["workers"], "rows_leased") == 0u);
      BOOST_TEST(now["commits"] == summary["commits"]);
      BOOST_TEST(now["evaluation"]["loss"] == summary["test_loss"]);
      BOOST_TEST(now["evaluation"]["rows"] == now["rows"]);
      BOOST_TEST(now["evaluation"]["loss"] == summary["test_loss"]);
      BOOST_TEST(now["evaluation"]["rows"] == now["rows"]);
      BOOST_TEST(now["mean_staleness"] == summary["mean_staleness"]);
      const json slices = all_slices(now);
      // What an ensemble publishes is no commit.
      if (c.protocol == std::string("ensemble")) continue;
      BOOST_TEST(sum(slices, "commits") == summary["commits"].get<std::uint64_t>() * slices.size());
      BOOST_TEST(sum(slices, "bytes_received") == summary["bytes_sent"]);
      // Workers count what answers their commits; servers what is pulled, too.
      BOOST_TEST(sum(slices, "bytes_sent") > summary["bytes_received"]);
    }
  }
}

BOOST_AUTO_TEST_CASE(who_is_silent_or_lost_is_told_so) {
  whole_run run(small_job({"training.epochs=50"}), two_classes(500), {}, true);
  run.start();
  run.where().run(300);
  caf::anon_send(run.lead(), suspect_atom::value, std::uint32_t{1}, true);
  BOOST_TEST(status_of(run)["workers"][1]["state"] == "silent");
  caf::anon_send(run.lead(), suspect_atom::value, std::uint32_t{1}, false);
  BOOST_TEST(status_of(run)["workers"][1]["state"] == "ready");

  caf::anon_send_exit(run.cast().workers[2], caf::exit_reason::kill);
  json worker;
  std::vector<std::string> states;
  for (int i = 0; i < 200; ++i) {
    worker = status_of(run)["workers"][2];
    const auto state = worker["state"].get<std::string>();
    if (states.empty() || states.back() != state) states.push_back(state);
  }
  BOOST_TEST(worker["incarnation"] == 2);
  BOOST_TEST(states == (std::vector<std::string>{"ready", "lost", "joining", "ready"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_is_waited_for_no_longer) {
  whole_run run(small_job(), two_classes(500));
  BOOST_REQUIRE(run.finish());
  caf::anon_send_exit(run.cast().servers[1], caf::exit_reason::kill);
  run.where().drain();
  const json servers = status_of(run)["parameter_servers"];
  BOOST_TEST(servers[0]["state"] == "ready");
  BOOST_TEST(!servers[0]["slices"].empty());
  BOOST_TEST(servers[1]["state"] == "silent");
  BOOST_TEST(servers[1]["slices"].empty());
  BOOST_TEST(servers[1]["queue"].is_null());
  BOOST_TEST(servers[1]["queue"].is_null());
}

BOOST_AUTO_TEST_SUITE_END()
