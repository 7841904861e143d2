#include "troupe/cluster/control/run_desk.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <mutex>
#include <utility>

#include "troupe/actors/configure.hpp"
#include "troupe/base/error.hpp"

namespace troupe {

namespace {

/// For a supervisor to say how its run stands: longer than it waits for the servers.
constexpr std::chrono::seconds status_timeout{3};

}  // namespace

struct run_desk::source {
  std::mutex mutex;                     // held while somebody is answered
  caf::actor_system* system = nullptr;  // null: the run is over
  nlohmann::ordered_json run;           // what is known without a supervisor
  supervisor_actor supervisor;
  nodes_source nodes;
  std::string metrics_url;
  std::function<void()> stop;

  void require_run() const {
    if (!system) throw run_error("", "the run is over");
  }

  void require_begun() const {
    require_run();
    if (!supervisor) throw run_error("", "the run has not begun");
  }

  nlohmann::ordered_json status() {
    const std::lock_guard<std::mutex> lock(mutex);
    require_run();
    nlohmann::ordered_json out = supervisor ? ask() : run;
    out["nodes"] = nodes ? nodes() : nlohmann::ordered_json::array();
    out["metrics_url"] = nullptr;
    if (!metrics_url.empty()) out["metrics_url"] = metrics_url;
    return out;
  }

  nlohmann::ordered_json ask() {
    std::string answer, problem;
    caf::scoped_actor self(*system);
    self->request(supervisor, status_timeout, status_atom::value)
        .receive([&](const std::string& text) { answer = text; },
                 [&](const caf::error& e) { problem = text_of(e, system->config()); });
    if (!problem.empty()) throw run_error("the supervisor does not answer", problem);
    return nlohmann::ordered_json::parse(answer);
  }

  bool pause(bool paused) {
    const std::lock_guard<std::mutex> lock(mutex);
    require_begun();
    std::string problem;
    bool now = paused;
    caf::scoped_actor self(*system);
    self->request(supervisor, status_timeout, pause_atom::value, paused)
        .receive([&](bool holds) { now = holds; },
                 [&](const caf::error& e) { problem = text_of(e, system->config()); });
    if (!problem.empty()) throw run_error("", problem);
    return now;
  }
};

run_desk::run_desk(caf::actor_system& system, const job& of, const std::string& folder,
                   std::function<void()> stop)
    : source_(std::make_shared<source>()) {
  source_->system = &system;
  source_->stop = std::move(stop);
  source_->run["name"] = of.name;
  source_->run["protocol"] = of.optimizer.protocol;
  source_->run["consistency"] = of.optimizer.consistency.name;
  source_->run["compression"] = of.optimizer.compression.name;
  source_->run["state"] = "assembling";
  control_desk::sources from;
  from.status = [shared = source_] { return shared->status(); };
  from.stop = [shared = source_] {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->require_run();
    shared->stop();
  };
  from.checkpoint = [shared = source_] {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->require_begun();
    caf::anon_send(shared->supervisor, checkpoint_atom::value);
  };
  from.pause = [shared = source_](bool paused) { return shared->pause(paused); };
  if (!folder.empty()) from.events_file = folder + "/events.jsonl";
  desk_ = std::make_shared<control_desk>(std::move(from));
  if (folder.empty()) return;
  try {
    socket_.emplace(folder, desk_);
  } catch (const error& e) {
    problem_ = e.what();
  }
}

run_desk::~run_desk() {
  socket_.reset();
  const std::lock_guard<std::mutex> lock(source_->mutex);
  source_->system = nullptr;
  source_->supervisor = nullptr;
  source_->nodes = nullptr;
  source_->stop = nullptr;
}

void run_desk::nodes_from(nodes_source nodes) {
  const std::lock_guard<std::mutex> lock(source_->mutex);
  source_->nodes = std::move(nodes);
}

void run_desk::metrics_at(const std::string& url) {
  const std::lock_guard<std::mutex> lock(source_->mutex);
  source_->metrics_url = url;
}

void run_desk::led_by(supervisor_actor supervisor) {
  const std::lock_guard<std::mutex> lock(source_->mutex);
  source_->supervisor = std::move(supervisor);
}

}  // namespace troupe
