// How a supervisor gives out work, moves it and takes reports; what it decides is in `allocation`.

#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/supervisor.hpp"

namespace troupe {

void supervisor_state::grant() {
  if (mode_ != mode::training) return;
  // Who is lost meanwhile is still waited for no longer.
  if (paused_since_) return send_view();
  const auto leases = allocation_->grant(now());
  send_view();
  for (const auto& l : leases) {
    wire_builder<schema::Assign> message;
    message->setLease(l.id);
    message->setEpoch(l.epoch);
    message->setFirst(l.range.first);
    message->setLast(l.range.last);
    message->setView(allocation_->view());
    message->setClock(l.clock);
    message->setCloses(l.closes);
    message->setWindowRows(l.window_rows);
    self_->send(cast_.workers[l.worker], std::move(message).finish());
    if (!l.moved_from) continue;
    ++ending_.rebalances;
    parts_[*l.moved_from].moved_out += l.range.size();
    parts_[l.worker].moved_in += l.range.size();
    record("rebalanced", {{"from", *l.moved_from},
                          {"to", l.worker},
                          {"epoch", l.epoch + 1},
                          {"rows", l.range.size()}});
  }
  for (const auto& asked : allocation_->revoke(now())) {
    wire_builder<schema::Revoke> message;
    message->setLease(asked.lease);
    self_->send(cast_.workers[asked.worker], std::move(message).finish());
  }
  record_shares();
}

caf::result<bool> supervisor_state::pause(bool paused) {
  if (paused == paused_since_.has_value()) return paused;
  if (mode_ > mode::training || (paused && mode_ != mode::training)) {
    return actor_failure("the run", "it is not training");
  }
  if (paused) {
    record("paused");
    paused_since_ = self_->clock().now();
    return true;
  }
  go_on_if_paused();
  grant();
  return false;
}

/// As if there had been no time in between.
void supervisor_state::go_on_if_paused() {
  if (!paused_since_) return;
  const auto took = self_->clock().now() - *paused_since_;
  if (start_) *start_ += took;
  paused_since_.reset();
  record("resumed", {{"paused_seconds", std::chrono::duration<double>(took).count()}});
}

/// Windows are shared out in proportion to speed.
void supervisor_state::record_shares() {
  if (const auto shares = allocation_->take_shares()) {
    ++ending_.rebalances;
    auto list = nlohmann::json::array();
    for (const auto& [worker, rows] : *shares) list.push_back({{"worker", worker}, {"rows", rows}});
    record("rebalanced", {{"window_rows", std::move(list)}});
  }
}

void supervisor_state::send_view() {
  const auto view = allocation_->take_view();
  if (!view) return;
  wire_builder<schema::View> message;
  message->setRun(plan_->run);
  message->setNumber(view->number);
  auto members = message->initMembers(static_cast<unsigned>(view->members.size()));
  for (unsigned i = 0; i < members.size(); ++i) {
    members[i].setWorker(view->members[i].worker);
    members[i].setFromClock(view->members[i].from_clock);
  }
  view_ = std::move(message).finish();
  for (const parameter_server_actor& server : cast_.servers) self_->send(server, view_);
}

void supervisor_state::progress(const schema::Progress::Reader& message) {
  if (!is_current(message.getWorker(), message.getIncarnation())) return;
  role_state& from = parts_[message.getWorker()];
  from.reported = message.getSequence();
  from.heard = now();
  from.fruitless = 0;
  const std::string problem = allocation_->take(message, now());
  if (!problem.empty()) return fail(problem);
  totals_->add(message);
  curve_.add(now(), totals_->rows(), message.getLossSum(), message.getCorrect(), message.getRows());
  report_while_cutting(message);
  report_progress(message.getWorker(), report_seconds);
  if (mode_ != mode::training) return;
  evaluate_if_due();
  if (allocation_->all_done()) return stop("epochs");
  grant();
  end_warm_start_if_due();
}

void supervisor_state::yielded(const schema::Yielded::Reader& message) {
  if (!is_current(message.getWorker(), message.getIncarnation())) return;
  const std::string problem = allocation_->take(message, now());
  if (!problem.empty()) return fail(problem);
  grant();
}

}  // namespace troupe
