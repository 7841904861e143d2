// What a supervisor does when an actor is lost, and when its part is played again.

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>

#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/configure.hpp"
#include "troupe/actors/supervisor.hpp"

namespace troupe {

namespace {

/// A part that was lost so often in a row without a window trained is not recast.
constexpr std::uint32_t most_fruitless = 5;

}  // namespace

bool supervisor_state::is_current(std::uint32_t worker, std::uint32_t incarnation) const {
  return worker < parts_.size() && parts_[worker].now != presence::lost &&
         parts_[worker].incarnation == incarnation;
}

void supervisor_state::down(const caf::down_msg& message) {
  const auto found = watched_.find(message.source);
  if (found == watched_.end()) return;
  const watched who = found->second;
  watched_.erase(found);
  const std::string reason = text_of(message.reason, self_->system().config());
  const std::string why = reason.rfind(who.name, 0) == 0 ? reason : who.name + " ended: " + reason;
  if (mode_ == mode::done) {
    if (message.source == cast_.recorder.address()) unrecorded(why);
    return;
  }
  if (cast_.casting && cast_.recasts_lost) {
    if (who.what == role::worker) return lose_worker(who.number, why);
    if (who.what == role::shard) return lose_shard(who.number, why);
    if (who.what == role::server) return lose_server(who.number, why);
  }
  fail(why);
}

void supervisor_state::lost(const part_lost& which) {
  if (mode_ == mode::done) return;
  const auto same = [&](const caf::actor_addr& actor) {
    const auto found = watched_.find(actor);
    if (found == watched_.end()) return false;
    self_->demonitor(actor);
    watched_.erase(found);
    return true;
  };
  switch (which.what) {
    case part_lost::role::server:
      // A run whose nodes did not come has none.
      if (which.number >= cast_.servers.size()) return fail(which.reason);
      if (same(cast_.servers[which.number].address())) lose_server(which.number, which.reason);
      return;
    case part_lost::role::shard:
      if (which.number >= cast_.shards.size()) return;
      if (same(cast_.shards[which.number].address())) lose_shard(which.number, which.reason);
      return;
    case part_lost::role::worker:
      if (!is_current(which.number, which.incarnation)) return;
      if (same(cast_.workers[which.number].address())) lose_worker(which.number, which.reason);
      return;
  }
}

void supervisor_state::lose_shard(std::uint32_t shard, const std::string& why) {
  record("data_shard_lost", {{"data_shard", shard}, {"reason", why}});
  self_->send(cast_.casting, recast_atom::value, shard);
}

void supervisor_state::lose_worker(std::uint32_t worker, const std::string& why) {
  role_state& p = parts_[worker];
  if (p.now == presence::lost) return;
  const bool trained = p.now == presence::ready;
  p.now = presence::lost;
  last_loss_ = why;
  if (cutting_ && cutting_->missing > 0) {
    uncut("a worker was lost");
    keep_asked_ = true;  // once that is settled
  }
  nlohmann::json facts = {{"worker", worker}, {"incarnation", p.incarnation}, {"reason", why}};
  if (worker < cast_.worker_nodes.size()) facts["node"] = cast_.worker_nodes[worker];
  record("worker_lost", std::move(facts));
  // First the view, so that nobody is waited for, then the fence: what the servers took of it by
  // then is all they will ever take.
  allocation_->left(worker);
  send_view();
  if (trained) {
    p.fenced = p.incarnation;
    fence(worker);
  }
  if (!trained) worker_finished(worker);
  if (mode_ > mode::training) return;
  if (++p.fruitless <= most_fruitless) {
    self_->send(cast_.casting, recast_atom::value, worker, ++p.asked);
  }
  begin_training_if_ready();
}

void supervisor_state::fence(std::uint32_t worker) {
  role_state& p = parts_[worker];
  wire_builder<schema::Fence> message;
  message->setRun(plan_->run);
  message->setWorker(worker);
  message->setIncarnation(p.fenced);
  const fence_msg fence = std::move(message).finish();
  p.taken.clear();
  p.fencing = 0;
  ++p.fence;
  for (std::uint32_t server = 0; server < cast_.servers.size(); ++server) {
    if (!slices_->is_here(server)) continue;
    ++p.fencing;
    self_->request(cast_.servers[server], answer_timeout, fence)
        .then([this, which = p.fence](const fenced_msg& answer) { fenced(*answer, which); },
              [this, worker, which = p.fence, age = age_](const caf::error& problem) {
                if (age == age_ && which == parts_[worker].fence) on_error(problem);
              });
  }
}

/// One more slice has taken these windows; only those after `reported` are of interest.
void supervisor_state::count_slice(taken_windows took, std::uint64_t reported,
                                   role_state::windows& out) {
  for (const auto window : took) {
    if (window.getSequence() <= reported) continue;
    role_state::window& w = out[window.getSequence()];
    ++w.slices;
    w.rows = window.getRows();
    w.mini_batches = window.getMiniBatches();
  }
}

void supervisor_state::fenced(const schema::Fenced::Reader& message, std::uint64_t fence) {
  if (message.getWorker() >= parts_.size()) return;
  role_state& p = parts_[message.getWorker()];
  if (p.fencing == 0 || p.fence != fence) return;
  count_slice(message.getWindows(), p.reported, p.taken);
  if (--p.fencing == 0) settle(message.getWorker());
}

/// What all slices took of a lost worker is done, the rest of what it held is given out again.
void supervisor_state::settle(std::uint32_t worker) {
  role_state& p = parts_[worker];
  std::uint64_t trained = 0;
  for (const auto& [sequence, window] : p.taken) {
    const bool whole = window.slices == plan_->group_slices();
    totals_->add_unreported(worker, window.rows, window.mini_batches, whole);
    if (whole) trained += window.rows;
  }
  allocation_->give_up(worker, trained);
  p.reported = 0;  // its successor counts anew
  worker_finished(worker);
  if (p.now == presence::invited) introduce_worker(worker, make_route());
  if (mode_ != mode::training) return;
  if (allocation_->all_done()) return stop("epochs");
  grant();
}

void supervisor_state::recast(std::uint32_t worker, std::uint32_t incarnation,
                              const worker_actor& actor) {
  if (worker >= parts_.size() || !actor) return;
  role_state& p = parts_[worker];
  if (mode_ > mode::training || p.now != presence::lost || incarnation != p.asked) {
    return self_->send_exit(actor, caf::exit_reason::user_shutdown);  // another one is wanted
  }
  cast_.workers[worker] = actor;
  watch(actor.address(), role::worker, worker);
  p.incarnation = incarnation;
  // Before the others are, or while the first one warms up, it is not introduced either.
  const bool later = mode_ < mode::joining || (warming_ && worker > 0);
  p.now = later ? presence::absent : presence::invited;
  if (!later && p.fencing == 0) introduce_worker(worker, make_route());
}

void supervisor_state::recast(std::uint32_t shard, const data_shard_actor& actor) {
  if (mode_ == mode::done || shard >= cast_.shards.size() || !actor) return;
  cast_.shards[shard] = actor;
  if (shard < cast_.shard_nodes.size()) cast_.shard_nodes[shard] = "";
  watch(actor.address(), role::shard, shard);
  record("data_shard_replaced", {{"data_shard", shard}});
  reroute();
}

void supervisor_state::suspect(std::uint32_t worker, bool silent) {
  if (worker >= parts_.size() || parts_[worker].now != presence::ready) return;
  allocation_->suspect(worker, silent);
  record(silent ? "worker_suspected" : "worker_heard_again", {{"worker", worker}});
  if (!silent) grant();
}

/// A run of which a part is played by nobody, for long, goes nowhere.
void supervisor_state::give_up_if_lonely() {
  std::vector<bool> played(plan_->groups, false);
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    if (parts_[worker].now != presence::lost) played[plan_->group_of(worker)] = true;
  }
  if (std::find(played.begin(), played.end(), false) == played.end()) {
    lonely_since_.reset();
    return;
  }
  const auto time = self_->clock().now();
  if (!lonely_since_) lonely_since_ = time;
  if (std::chrono::duration<double>(time - *lonely_since_).count() < cast_.patience) return;
  fail(fmt::format("no worker has come back within {} s: {}", cast_.patience, last_loss_));
}

}  // namespace troupe
