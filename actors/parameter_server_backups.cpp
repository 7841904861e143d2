// How what a server does to its slices is kept by other servers, and how one takes over a slice.
//
// A home sends its backups the whole slice whenever it has changed, one image at a time: however
// many commits come while one is on its way, the next image has them all. Images are ordered by the
// term of the home that sent them; one of an earlier home is refused, so that this one, if it lives
// and does not know, can tell nobody what nobody keeps.

#include <fmt/format.h>

#include <caf/all.hpp>
#include <set>
#include <utility>

#include "troupe/actors/configure.hpp"
#include "troupe/actors/parameter_server.hpp"

namespace troupe {

void parameter_server_state::lead(const schema::Lead::Reader& message,
                                  const std::vector<backup_actor>& servers) {
  if (message.getRun() != plan_->run) throw run_error("lead", "it belongs to another run");
  leader_ = caf::actor_cast<supervisor_actor>(self_->current_sender());
  std::set<std::uint32_t> led;
  for (const auto s : message.getSlices()) led.insert(s.getSlice());
  for (auto here = slices_.begin(); here != slices_.end();) {
    const auto& [number, at] = *here;
    const bool stays = led.count(number) > 0;
    // Whoever waits here asks its new home; what is known of it is kept, for those who come yet.
    if (!stays) copies_[number] = {at.term, at.slice.image(0, at.term)};
    here = stays ? std::next(here) : slices_.erase(here);
  }
  for (const auto s : message.getSlices()) {
    const std::uint32_t number = s.getSlice();
    std::vector<backup_actor> backups;
    for (const std::uint32_t server : s.getBackups()) {
      if (server >= servers.size()) throw run_error("lead", "it names a server that is not there");
      if (servers[server]) backups.push_back(servers[server]);  // else it has ended
    }
    decltype(copy::early) early;
    auto here = slices_.find(number);
    if (here == slices_.end()) {
      const auto held = copies_.find(number);
      if (held == copies_.end() || s.getTerm() <= held->second.term) {
        throw run_error("lead", fmt::format("slice {} is not here", number));
      }
      const auto image = *held->second.image;
      settle(number, center_slice(plan_, codecs_, image, members_, decides(number)), s.getTerm());
      early = std::move(held->second.early);
      copies_.erase(held);
      here = slices_.find(number);
    }
    place& at = here->second;
    at.term = std::max(at.term, s.getTerm());
    at.backups.set(backups);
    for (const auto& [whose, what] : early) what();
    after(number);
    do_ready(at);
  }
}

void parameter_server_state::hold(const image_msg& message) {
  const auto image = *message;
  const std::uint32_t number = image.getSlice();
  if (image.getRun() != plan_->run) throw run_error("image", "it belongs to another run");
  if (number >= plan_->slice_count() ||
      image.getPayload().size() != plan_->range_of(number).count * sizeof(float)) {
    throw run_error("image", fmt::format("slice {} is another one", number));
  }
  const auto here = slices_.find(number);
  const auto held = copies_.find(number);
  if ((here != slices_.end() && image.getTerm() <= here->second.term) ||
      (held != copies_.end() && image.getTerm() < held->second.term)) {
    throw run_error("image", fmt::format("slice {} has another home by now", number));
  }
  if (here != slices_.end()) slices_.erase(here);  // whoever waits here asks there
  copy& now = copies_[number];
  now.term = image.getTerm();
  now.image = message;
}

void parameter_server_state::copy_to_backups(std::uint32_t number) {
  place& at = slices_.at(number);
  const auto due = at.backups.due();
  if (due.empty()) return;
  const image_msg image = at.slice.image(0, at.term);
  for (const backup_actor& to : due) {
    self_->request(to, caf::infinite, image)
        .then(
            [this, number, to, term = at.term, change = at.backups.changes()](installed_atom) {
              const auto here = slices_.find(number);
              if (here == slices_.end() || here->second.term != term) return;
              here->second.backups.holds(to, change);
              copy_to_backups(number);
              do_ready(here->second);
            },
            // It is lost, or this is not the home any more; the supervisor sees to it.
            [this, to](const caf::error& problem) {
              const bool gone = problem == caf::sec::request_receiver_down;
              if (gone && leader_) self_->send(leader_, server_atom::value, to.address());
            });
  }
}

void parameter_server_state::do_ready(place& at) {
  for (const action& what : at.backups.take_ready()) what();
}

void parameter_server_state::once_kept(place& at, action what) {
  at.backups.then(std::move(what));
  do_ready(at);
}

void parameter_server_state::once_all_kept(const std::vector<std::uint32_t>& slices, action what) {
  const auto left = std::make_shared<std::size_t>(slices.size() + 1);
  const action one_less = [left, what = std::move(what)] {
    if (--*left == 0) what();
  };
  for (const std::uint32_t number : slices) {
    copy_to_backups(number);
    once_kept(slices_.at(number), one_less);
  }
  one_less();
}

caf::result<flush_atom> parameter_server_state::flush() {
  std::vector<std::uint32_t> all;
  for (const auto& slice : slices_) all.push_back(slice.first);
  auto promise = self_->make_response_promise<flush_atom>();
  once_all_kept(all, [promise]() mutable { promise.deliver(flush_atom::value); });
  return promise;
}

/// Whoever asks a backup has heard before it that it is the home now.
bool parameter_server_state::keep_for_later(std::uint64_t run, std::uint32_t slice,
                                            std::uint32_t worker, bool pulls, action what) {
  const auto held = copies_.find(slice);
  const bool known = worker < plan_->most_workers() || worker == schema::Pull::NOBODY;
  if (run != plan_->run || !known || held == copies_.end()) return false;
  held->second.early[{worker, pulls}] = std::move(what);
  return true;
}

void parameter_server_state::tell_peers(place& at, const center_slice::rounds& closed) {
  for (const auto& [clock, accepted] : closed) {
    wire_builder<schema::Close> out;
    out->setRun(plan_->run);
    out->setClock(clock);
    out->setView(members_.number);
    auto list = out->initAccepted(static_cast<unsigned>(accepted.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, accepted[i]);
    once_kept(at, [this, message = std::move(out).finish()] {
      for (const round_listener_actor& peer : peers_) self_->send(peer, message);
    });
  }
}

/// Others may have missed rounds that were closed here, or by the one before this.
void parameter_server_state::meet(const std::vector<round_listener_actor>& peers) {
  peers_ = peers;
  const auto here = slices_.find(0);
  if (here != slices_.end()) tell_peers(here->second, here->second.slice.recently_closed());
}

}  // namespace troupe
