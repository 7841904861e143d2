#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/monitor/layout.hpp"
#include "cli/monitor/run_view.hpp"

namespace troupe::testing {

/// What a run could say of itself: its worker 1 is slow.
inline nlohmann::ordered_json pretended_status(int workers, double seconds = 83.2) {
  using json = nlohmann::ordered_json;
  json s = {{"name", "digits"},
            {"protocol", "downpour"},
            {"consistency", "asynchronous"},
            {"compression", "top_k"},
            {"state", "training"},
            {"seconds", seconds},
            {"epoch", 2},
            {"epochs", 5},
            {"rows", 250.0 * seconds},
            {"total_rows", 48000},
            {"samples_per_second", 250},
            {"loss", 0.0466},
            {"accuracy", 0.9958},
            {"commits", 591},
            {"mean_staleness", 1.99},
            {"bytes_sent", 134.3e6}};
  s["evaluation"] = {
      {"part", "test"}, {"time", 70}, {"rows", 19200}, {"loss", 0.0256}, {"accuracy", 0.9917}};
  json time = json::array(), loss = json::array(), accuracy = json::array();
  for (int i = 0; i <= 100; ++i) {
    time.push_back(0.01 * i * seconds);
    loss.push_back(2.3 * std::exp(-i / 20.0) + 0.05);
    accuracy.push_back(1 - 0.9 * std::exp(-i / 20.0));
  }
  s["history"] = {{"time", time}, {"loss", loss}, {"accuracy", accuracy}};
  s["workers"] = json::array();
  for (int i = 0; i < workers; ++i) {
    const bool slow = i == 1;
    s["workers"].push_back({{"worker", i},
                            {"node", i % 2 == 0 ? "alpha" : "beta"},
                            {"state", "ready"},
                            {"incarnation", i == 2 ? 2 : 1},
                            {"rows", slow ? 1200 : 6000 + 10 * i},
                            {"commits", slow ? 15 : 75},
                            {"samples_per_second", slow ? 25 : 100 + i},
                            {"staleness", slow ? 4.0 : 1.25},
                            {"loss", 0.05 + 0.001 * i},
                            {"rows_leased", 100},
                            {"rows_moved_in", slow ? 0 : 36},
                            {"rows_moved_out", slow ? 72 : 0},
                            {"window_rows", 80},
                            {"windows_behind", slow ? 60 : 0},
                            {"seconds_since_report", 0.26}});
  }
  const auto slice = [&](int number) -> json {
    return {{"slice", number},
            {"version", 580 + number},
            {"commits", 7 * seconds},
            {"bytes_received", 1.5e6 * seconds},
            {"bytes_sent", 1.6e6 * seconds},
            {"backups", json::array()}};
  };
  s["parameter_servers"] = json::array();
  for (int i = 0; i < 2; ++i) {
    s["parameter_servers"].push_back({{"parameter_server", i},
                                      {"node", "alpha"},
                                      {"state", "ready"},
                                      {"queue", i},
                                      {"slices", json::array({slice(2 * i), slice(2 * i + 1)})}});
  }
  s["nodes"] = json::array();
  return s;
}

/// Two looks at it, four seconds apart, and what happened.
inline cli::run_watch pretended_watch(int workers) {
  cli::run_watch watch;
  for (const char* line :
       {R"({"time":0,"event":"worker_joined","node":"alpha","worker":0})",
        R"({"time":0,"event":"started","workers":4,"parameter_servers":2,"parameters":56714})",
        R"({"time":30.02,"event":"checkpoint","file":"000001.checkpoint","rows":1200})",
        R"({"time":41.3,"event":"rebalanced","from":1,"to":2,"epoch":1,"rows":32})",
        R"({"time":41.4,"event":"rebalanced","from":1,"to":0,"epoch":1,"rows":40})"}) {
    watch.take_event(line);
  }
  watch.take_status(pretended_status(workers, 79.2), 100);
  watch.take_status(pretended_status(workers), 104);
  return watch;
}

}  // namespace troupe::testing
