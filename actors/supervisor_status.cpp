// What a supervisor says of its run while it lives, for `troupe status` and its like:
//
//     name, protocol, consistency, compression, state (installing, joining, training, paused,
//     finishing, scoring, done), seconds, and what run_totals::status says
//     evaluation         the last one: part, time, rows, loss, accuracy, and metrics: each of the
//                        model's by its name; null before the first
//     checkpoints        written since this process leads the run; time and rows of the last one
//     history            training_curve::json
//     workers            of each: worker, node, state (absent, joining, ready, silent, lost),
//                        incarnation, what run_totals::worker_status says, rows_leased,
//                        rows_moved_in, rows_moved_out (handed on to it and taken from it),
//                        window_rows (null where a window is an epoch), windows_behind the worker
//                        furthest on (where servers wait for nobody: by their commits),
//                        seconds_since_report (null where nothing was heard yet)
//     parameter_servers  of each: parameter_server, node, state (ready, silent), queue (messages
//                        that wait there; null where it is silent) and slices, of each: slice,
//                        version, commits, bytes_received, bytes_sent (here), and backups: the
//                        servers that hold it, too

#include <algorithm>
#include <caf/all.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "troupe/actors/supervisor.hpp"

namespace troupe {

namespace {

using json = nlohmann::ordered_json;

/// For a server to say what its slices have been through: who asks for status does not wait longer.
constexpr std::chrono::milliseconds load_timeout{1000};

/// Empty in one process.
std::string node_of(const std::vector<std::string>& nodes, std::size_t number) {
  return number < nodes.size() ? nodes[number] : std::string();
}

json slices_of(const schema::Load::Reader& load, const slice_map& where) {
  json out = json::array();
  for (const auto slice : load.getSlices()) {
    if (slice.getSlice() >= where.size()) continue;
    json backups = json::array();
    for (const auto& b : where.at(slice.getSlice()).backups) {
      if (b.whole) backups.push_back(b.server);
    }
    out.push_back({{"slice", slice.getSlice()},
                   {"version", slice.getVersion()},
                   {"commits", slice.getCommits()},
                   {"bytes_received", slice.getBytesReceived()},
                   {"bytes_sent", slice.getBytesSent()},
                   {"backups", std::move(backups)}});
  }
  return out;
}

json finite(double value) {
  return std::isfinite(value) ? json(value) : json();
}

json evaluation_of(const std::optional<report>& last) {
  if (!last) return nullptr;
  json metrics = json::object();
  for (const auto& [name, value] : last->metrics) metrics[name] = finite(value);
  return {{"part", last->part},
          {"time", last->time},
          {"rows", last->rows},
          {"loss", finite(last->loss)},
          {"accuracy", finite(last->accuracy)},
          {"metrics", std::move(metrics)}};
}

/// A status that waits for what the servers say.
struct gathering {
  json status;
  std::size_t waiting = 0;
  caf::typed_response_promise<std::string> promise;

  void one_less() {
    if (--waiting > 0) return;
    // Names of nodes may hold bytes that are no UTF-8.
    promise.deliver(status.dump(-1, ' ', false, json::error_handler_t::replace));
  }
};

}  // namespace

const char* supervisor_state::state_of(std::uint32_t worker) const {
  switch (parts_[worker].now) {
    case presence::absent:
      return "absent";
    case presence::invited:
      return "joining";
    case presence::lost:
      return "lost";
    case presence::ready:
      break;
  }
  return allocation_->suspected(worker) ? "silent" : "ready";
}

std::uint64_t supervisor_state::windows_of(std::uint32_t worker) const {
  return allocation_->windows(worker).value_or(totals_->commits(worker));
}

json supervisor_state::worker_status(std::uint32_t worker, std::uint64_t most_windows) const {
  const role_state& part = parts_[worker];
  json out = {{"worker", worker},
              {"node", node_of(cast_.worker_nodes, worker)},
              {"state", state_of(worker)},
              {"incarnation", part.incarnation}};
  out.update(totals_->worker_status(worker));
  out["rows_leased"] = allocation_->rows_leased(worker);
  out["rows_moved_in"] = part.moved_in;
  out["rows_moved_out"] = part.moved_out;
  const bool epochs = plan_->setup.window >= epoch_window;
  out["window_rows"] = epochs ? json() : json(allocation_->window_rows(worker));
  out["windows_behind"] = most_windows - windows_of(worker);
  const bool known = start_ && part.now != presence::absent;
  out["seconds_since_report"] = known ? json(now() - part.heard) : json();
  return out;
}

caf::result<std::string> supervisor_state::status() {
  static constexpr const char* states[] = {"installing", "installing", "joining", "training",
                                           "finishing",  "scoring",    "done"};
  json out;
  out["name"] = plan_->of.name;
  out["protocol"] = plan_->protocol.name;
  out["consistency"] = plan_->of.optimizer.consistency.name;
  out["compression"] = plan_->of.optimizer.compression.name;
  const bool paused = mode_ == mode::training && paused_since_;
  out["state"] = paused ? "paused" : states[static_cast<int>(mode_)];
  const bool over = mode_ == mode::scoring || mode_ == mode::done;
  const double seconds = over ? ending_.seconds : now();
  out["seconds"] = seconds;
  out.update(totals_->status(seconds));

  out["evaluation"] = evaluation_of(evaluation_);
  out["checkpoints"] = {{"written", kept_.written},
                        {"time", kept_.written > 0 ? json(kept_.time) : json()},
                        {"rows", kept_.written > 0 ? json(kept_.rows) : json()}};
  out["history"] = curve_.json(totals_->counts_right_rows());
  std::uint64_t most_windows = 0;
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    most_windows = std::max(most_windows, windows_of(worker));
  }
  json& workers = out["workers"] = json::array();
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    workers.push_back(worker_status(worker, most_windows));
  }

  auto gathered = std::make_shared<gathering>();
  json& servers = out["parameter_servers"] = json::array();
  for (std::size_t server = 0; server < cast_.servers.size(); ++server) {
    servers.push_back({{"parameter_server", server},
                       {"node", node_of(cast_.server_nodes, server)},
                       {"state", "silent"},
                       {"queue", nullptr},
                       {"slices", json::array()}});
  }
  gathered->status = std::move(out);
  gathered->waiting = cast_.servers.size();
  gathered->promise = self_->make_response_promise<std::string>();
  for (std::size_t server = 0; server < cast_.servers.size(); ++server) {
    self_->request(cast_.servers[server], load_timeout, load_atom::value)
        .then(
            [this, gathered, server](const load_msg& load) {
              json& entry = gathered->status["parameter_servers"][server];
              entry["state"] = "ready";
              entry["queue"] = (*load).getQueue();
              entry["slices"] = slices_of(*load, *slices_);
              gathered->one_less();
            },
            [gathered](const caf::error&) { gathered->one_less(); });
  }
  return gathered->promise;
}

}  // namespace troupe
