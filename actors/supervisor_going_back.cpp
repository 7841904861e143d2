// What a supervisor does when a parameter server is lost that had a part of the model alone, or
// when the run diverges: all go back to a checkpoint, or to the beginning, without the nodes
// starting anew.
//
// The old workers are sent away; what is still on its way from them finds servers that listen to
// their successors only. Slices, books and counts are those of the checkpoint then.

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/supervisor.hpp"

namespace troupe {

namespace {

/// A run that was set back so often in a row without training a row goes nowhere.
constexpr std::uint32_t most_fruitless = 5;

}  // namespace

void supervisor_state::lose_server(std::uint32_t server, const std::string& why) {
  nlohmann::json facts = {{"parameter_server", server}, {"reason", why}};
  if (server < cast_.server_nodes.size()) facts["node"] = cast_.server_nodes[server];
  record("parameter_server_lost", std::move(facts));
  back_.fruitless = totals_->rows() > back_.reached ? 0 : back_.fruitless + 1;
  back_.reached = totals_->rows();
  const std::size_t led = slices_->led_by(server);
  slice_map::homes told;
  const bool kept = slices_->lose(server, told) && mode_ > mode::installing;
  const bool ends = mode_ > mode::training && ending_.stopped_by != "epochs";
  if (mode_ == mode::idle || (ends && !kept) || back_.fruitless > most_fruitless) return fail(why);
  back_.lost.insert(server);
  self_->send(cast_.casting, recast_atom::value, server_atom::value, server);
  if (!kept) return go_back("a parameter server was lost", checkpoints_);
  record("backups_promoted", {{"parameter_server", server}, {"slices", led}});
  hand_over(told);
}

/// With a smaller learning rate, if the job says so.
bool supervisor_state::go_back_diverged() {
  const supervisor_spec& job = plan_->of.supervisor;
  if (mode_ != mode::training || !cast_.casting || back_.diverged >= job.go_backs) return false;
  // Where nothing has been kept since it last went back, what it went back to was no good.
  const bool again = ++back_.diverged > 1 && back_.made == checkpoints_;
  rate_ *= job.divergence_rate;
  go_back("the run diverged",
          again ? std::max<std::uint64_t>(back_.checkpoint, 1) - 1 : checkpoints_);
  return true;
}

/// To the last checkpoint with a number of at most `most`; 0: to the beginning.
void supervisor_state::go_back(const std::string& why, std::uint64_t most) {
  ++age_;
  mode_ = mode::installing;
  waiting_ = 0;
  evaluating_ = keep_asked_ = false;
  ending_.stopped_by.clear();
  warming_.reset();
  if (cutting_ && cutting_->missing > 0) uncut(why);
  cutting_.reset();  // one that is being written will be there
  retire_workers();
  back_.waits = true;
  if (!cast_.archivist || most == 0) return start_from(nullptr);
  self_->request(cast_.archivist, caf::infinite, load_atom::value, most)
      .then(
          [this, age = age_](const checkpoint_ptr& last) {
            if (age == age_) start_from(last);
          },
          [this](const caf::error& problem) { on_error(problem); });
}

void supervisor_state::retire_workers() {
  // Nobody is waited for any more.
  allocation_->dissolve();
  send_view();
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    const worker_actor& actor = cast_.workers[worker];
    if (watched_.erase(actor.address()) > 0) {
      self_->demonitor(actor.address());
      self_->send_exit(actor, caf::exit_reason::user_shutdown);
    }
    role_state& p = parts_[worker];
    const std::uint32_t incarnation = p.incarnation, asked = p.asked + 1;
    const std::uint64_t fence = p.fence + 1;
    p = {};
    p.now = presence::lost;
    p.incarnation = incarnation;
    p.asked = asked;
    p.fence = fence;
    self_->send(cast_.casting, recast_atom::value, worker, asked);
  }
}

/// Null: from the beginning.
void supervisor_state::start_from(const checkpoint_ptr& from) {
  if (mode_ != mode::installing) return;
  const std::uint64_t rows = totals_->rows(), view = allocation_->view();
  const std::uint64_t checkpoints = checkpoints_;
  const double before = trained_before_, rate = rate_;
  allocation_.emplace(plan_, static_cast<std::uint32_t>(parts_.size()), view);
  totals_.emplace(plan_);
  totals_->extend(static_cast<std::uint32_t>(parts_.size()));
  rules_.emplace(plan_->of.training.stop);
  evaluations_due_ = 0;
  cast_.from = from;
  try {
    if (from) go_on_from(*from);
  } catch (const error& e) {
    return fail(e.what());
  }
  allocation_->deserted();
  rate_ = rate;
  checkpoints_ = back_.made = checkpoints;
  back_.checkpoint = from ? from->number : 0;
  trained_before_ = before;  // the time is spent
  last_cut_ = now();
  back_.reached = totals_->rows();
  back_.waits = false;
  nlohmann::json facts = {{"rows", totals_->rows()}, {"rows_lost", rows - totals_->rows()}};
  facts["checkpoint"] = from ? nlohmann::json(from->number) : nlohmann::json(nullptr);
  if (rate_ < 1) facts["rate"] = rate_;
  record("went_back", std::move(facts));
  install_again_if_whole();
}

void supervisor_state::recast(std::uint32_t server, const parameter_server_actor& actor) {
  if (mode_ == mode::done || !actor || back_.lost.erase(server) == 0) return;
  cast_.servers[server] = actor;
  if (server < cast_.server_nodes.size()) cast_.server_nodes[server] = "";
  slices_->come(server, "");
  watch(actor.address(), role::server, server);
  record("parameter_server_replaced", {{"parameter_server", server}});
  if (!view_.empty()) self_->send(actor, view_);
  if (mode_ > mode::installing) return back_up();
  install_again_if_whole();
}

void supervisor_state::install_again_if_whole() {
  if (mode_ == mode::installing && back_.lost.empty() && !back_.waits) install();
}

}  // namespace troupe
