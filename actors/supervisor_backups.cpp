// How a supervisor has backups kept of slices, and what it does when a server is lost whose slices
// others have: these are their homes from then on, and all who use them are told. What a slice's
// old home had answered its backup holds, and what it had not answered it is asked again; so
// nothing is trained twice, and the run goes on at once.

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

#include "troupe/actors/center_puller.hpp"
#include "troupe/actors/supervisor.hpp"

namespace troupe {

/// Slices get the backups that they lack.
void supervisor_state::back_up() {
  lead(slices_->fill());
}

/// Tells these servers which slices they are home to, and where backups of them are.
void supervisor_state::lead(const slice_map::homes& servers) {
  const std::vector<backup_actor> all(cast_.servers.begin(), cast_.servers.end());
  for (const std::uint32_t server : servers) {
    std::vector<std::size_t> here;
    std::vector<std::pair<std::size_t, std::uint64_t>> backups;
    for (std::size_t slice = 0; slice < slices_->size(); ++slice) {
      if (slices_->at(slice).home != server) continue;
      here.push_back(slice);
      for (const auto& b : slices_->at(slice).backups) backups.emplace_back(slice, b.id);
    }
    wire_builder<schema::Lead> message;
    message->setRun(plan_->run);
    auto list = message->initSlices(static_cast<unsigned>(here.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      const slice_map::place& at = slices_->at(here[i]);
      list[i].setSlice(static_cast<std::uint32_t>(here[i]));
      list[i].setTerm(at.term);
      auto kept = list[i].initBackups(static_cast<unsigned>(at.backups.size()));
      for (unsigned k = 0; k < kept.size(); ++k) kept.set(k, at.backups[k].server);
    }
    // A server that stands still is noticed by other means.
    const auto failed = [this, server, to = cast_.servers[server],
                         age = age_](const caf::error& problem) {
      const bool plays = slices_->is_here(server) && cast_.servers[server] == to;
      if (age == age_ && plays) on_error(problem);
    };
    self_->request(cast_.servers[server], caf::infinite, std::move(message).finish(), all)
        .then([](installed_atom) {}, failed);
    self_->request(cast_.servers[server], caf::infinite, flush_atom::value)
        .then(
            [this, backups, age = age_](flush_atom) {
              if (age == age_) filled(backups);
            },
            failed);
  }
}

/// Of these slices these backups are whole.
void supervisor_state::filled(const std::vector<std::pair<std::size_t, std::uint64_t>>& backups) {
  std::map<std::uint32_t, std::size_t> news;  // slices of each server
  for (const auto& [slice, id] : backups) {
    if (!slices_->fill(slice, id)) continue;
    for (const auto& b : slices_->at(slice).backups) {
      if (b.id == id) ++news[b.server];
    }
  }
  for (const auto& [server, count] : news) {
    record("backups_filled", {{"parameter_server", server}, {"slices", count}});
  }
  if (mode_ == mode::installing && slices_->all_whole()) introduce();
  even_out();
}

/// Servers get their share. A slice changes its home between checkpoints, not during one.
void supervisor_state::even_out() {
  if (mode_ < mode::joining || mode_ > mode::training || cutting_) return;
  const auto told = slices_->even_out();
  if (told.empty()) return;
  move_homes(told);
}

/// Slices have other homes, these servers among them. What a home was asked about a lost worker and
/// has not answered, the one after it is asked.
void supervisor_state::move_homes(const slice_map::homes& told) {
  lead(told);
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    if (parts_[worker].fencing > 0) fence(worker);
  }
  reroute();
}

/// A server was lost; others are home to its slices.
void supervisor_state::hand_over(const slice_map::homes& told) {
  const bool last = cutting_ && cutting_->last;
  if (cutting_ && cutting_->missing > 0 && !last) {
    uncut("a parameter server was lost");
    keep_asked_ = true;
  }
  move_homes(told);
  back_up();
  if (last && cutting_->missing > 0) {
    cut();
    cutting_->last = true;
  }
}

/// Its home would wait for it for ever.
void supervisor_state::unreachable(const caf::actor_addr& server) {
  const auto found = std::find(cast_.servers.begin(), cast_.servers.end(), server);
  if (found == cast_.servers.end()) return;
  const auto number = static_cast<std::uint32_t>(found - cast_.servers.begin());
  lost({part_lost::role::server, number, 1, "another parameter server cannot reach it"});
}

/// Tells all who are there who holds what.
void supervisor_state::reroute() {
  if (plan_->closes_rounds()) {
    const std::vector<round_listener_actor> peers(cast_.servers.begin(), cast_.servers.end());
    self_->send(cast_.servers[slices_->at(0).home], peers);
  }
  const route_msg route = make_route();
  self_->send(cast_.evaluator, route, cast_.servers);
  for (std::uint32_t worker = 0; worker < parts_.size(); ++worker) {
    const presence now = parts_[worker].now;
    if (now != presence::invited && now != presence::ready) continue;
    if (parts_[worker].fencing == 0) introduce_worker(worker, route);
  }
}

}  // namespace troupe
