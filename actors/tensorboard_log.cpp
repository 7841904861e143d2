#include "troupe/actors/tensorboard_log.hpp"

#include <chrono>
#include <cmath>

namespace troupe {

namespace {

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void put(event_file::scalars& out, const std::string& group, const std::string& name,
         double value) {
  if (std::isfinite(value)) out.emplace_back(group + "/" + name, value);
}

}  // namespace

void tensorboard_log::add(const report& r) {
  event_file::scalars out;
  if (r.evaluation) {
    put(out, r.part, "loss", r.loss);
    for (const auto& [name, value] : r.metrics) put(out, r.part, name, value);
  } else {
    speeds_[r.worker] = r.samples_per_second;
    double speed = 0;
    for (const auto& [worker, rows] : speeds_) speed += std::isfinite(rows) ? rows : 0;
    const std::string worker = "worker_" + std::to_string(r.worker);
    for (const std::string& group : {std::string("training"), worker}) {
      put(out, group, "loss", r.loss);
      put(out, group, "accuracy", r.accuracy);
      put(out, group, "staleness", r.staleness);
      put(out, group, "samples_per_second", group == worker ? r.samples_per_second : speed);
    }
  }
  file_.add(wall_time(), static_cast<std::int64_t>(r.rows), out);
}

void tensorboard_log::add(const run_event& e) {
  if (e.name == "worker_lost") speeds_.erase(e.facts.value("worker", std::uint32_t{0}));
  if (e.name != "went_back" && e.name != "resumed") return;
  speeds_.clear();
  // From the row behind those that stay.
  file_.restart(wall_time(), e.facts.value("rows", std::int64_t{0}) + 1);
}

}  // namespace troupe
