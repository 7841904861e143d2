#pragma once

#include <nlohmann/json.hpp>

namespace troupe::testing {

/// A launched run in which all there is to say is said: worker 1 is slow, server 1 silent.
inline nlohmann::ordered_json example_status() {
  return nlohmann::ordered_json::parse(R"({
    "name": "digits", "protocol": "adag", "consistency": "bounded", "compression": "none",
    "state": "training", "seconds": 12.5, "epoch": 3, "epochs": 10, "rows": 2500,
    "total_rows": 10000, "rows_repeated": 7, "samples_per_second": 200.0, "loss": 0.25,
    "accuracy": 0.875, "commits": 50, "mean_staleness": 1.5, "bytes_sent": 1000000,
    "bytes_received": 2000000,
    "evaluation": {"part": "test", "time": 10.0, "rows": 2000, "loss": 0.3, "accuracy": 0.9,
                   "metrics": {"accuracy": 0.9, "f1": 0.8, "auc": null}},
    "checkpoints": {"written": 2, "time": 8.0, "rows": 1600},
    "history": {"time": [0.5, 6.0, 12.5], "rows": [100, 1200, 2500], "loss": [2.3, 0.9, 0.25],
                "accuracy": [0.1, 0.6, 0.875]},
    "workers": [
      {"worker": 0, "node": "alpha", "state": "ready", "incarnation": 1, "rows": 2000,
       "mini_batches": 200, "commits": 40, "seconds": 12.0, "seconds_waited": 3.0,
       "samples_per_second": 160.0, "staleness": 2.0, "loss": 0.2, "accuracy": 0.9,
       "rows_leased": 100, "rows_moved_in": 30, "rows_moved_out": 0, "window_rows": 50,
       "windows_behind": 0, "seconds_since_report": 0.25},
      {"worker": 1, "node": "beta", "state": "ready", "incarnation": 2, "rows": 500,
       "mini_batches": 50, "commits": 10, "seconds": 11.0, "seconds_waited": 0.0,
       "samples_per_second": 40.0, "staleness": 9.0, "loss": 0.4, "accuracy": null,
       "rows_leased": 50, "rows_moved_in": 0, "rows_moved_out": 30, "window_rows": 12,
       "windows_behind": 30, "seconds_since_report": 1.5}],
    "parameter_servers": [
      {"parameter_server": 0, "node": "alpha", "state": "ready", "queue": 3, "slices": [
        {"slice": 0, "version": 50, "commits": 50, "bytes_received": 600, "bytes_sent": 700,
         "backups": [1]},
        {"slice": 2, "version": 49, "commits": 49, "bytes_received": 400, "bytes_sent": 300,
         "backups": []}]},
      {"parameter_server": 1, "node": "beta", "state": "silent", "queue": null, "slices": []}],
    "nodes": [
      {"node": "alpha", "state": "here", "address": "127.0.0.1:4000", "cores": 2,
       "memory_mb": 1024, "used_mb": 64, "cpu_seconds": 3.25, "heard_seconds_ago": 0.5},
      {"node": "beta", "state": "silent", "address": "127.0.0.1:4001", "cores": 2,
       "memory_mb": 1024, "used_mb": 64, "cpu_seconds": 1.0, "heard_seconds_ago": null}],
    "metrics_url": "http://127.0.0.1:40123/"})");
}

}  // namespace troupe::testing
