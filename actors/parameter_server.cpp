#include "troupe/actors/parameter_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <caf/all.hpp>

#include "troupe/actors/configure.hpp"

namespace troupe {

void parameter_server_state::begin(std::shared_ptr<const run_plan> plan, std::uint32_t number) {
  plan_ = std::move(plan);
  number_ = number;
  codecs_ = std::make_shared<center_slice::codecs>(plan_);
}

parameter_server_state::place& parameter_server_state::settle(std::uint32_t number,
                                                              center_slice slice,
                                                              std::uint64_t term) {
  // Nobody is answered any more who asked the one that was here before.
  slices_.erase(number);
  return slices_.emplace(number, place{std::move(slice), term}).first->second;
}

void parameter_server_state::install(const schema::Install::Reader& message) {
  const std::uint32_t number = message.getSlice();
  if (message.getRun() != plan_->run) throw run_error("install", "it belongs to another run");
  if (number >= plan_->slice_count()) {
    throw run_error("install", fmt::format("there is no slice {}", number));
  }
  center_slice installed(plan_, codecs_, message, decides(number));
  copies_.erase(number);
  installed_under_ = members_.number;
  settle(number, std::move(installed), message.getTerm()).slice.join(members_);
}

std::string parameter_server_state::why_not(const schema::Commit::Reader& message) const {
  if (message.getRun() != plan_->run) return "it belongs to another run";
  if (message.getWorker() >= plan_->most_workers()) {
    return fmt::format("there is no worker {}", message.getWorker());
  }
  if (slices_.count(message.getSlice()) == 0) {
    return fmt::format("slice {} is not at server {}", message.getSlice(), number_);
  }
  if (message.getSlice() / plan_->group_slices() != plan_->group_of(message.getWorker())) {
    return fmt::format("slice {} is not of worker {}'s model", message.getSlice(),
                       message.getWorker());
  }
  return {};
}

caf::result<verdict_msg, center_msg> parameter_server_state::commit(const commit_msg& message) {
  // The promise takes the sender with it.
  const auto from = caf::actor_cast<worker_actor>(self_->current_sender());
  auto promise = self_->make_response_promise<verdict_msg, center_msg>();
  take(message, from, promise);
  return promise;
}

/// Whether a slice has changed, and what its backups are to hold with it, is told by its version.
template <class Change>
center_slice::answers parameter_server_state::change(place& at, Change what) {
  const std::uint64_t before = at.slice.version();
  center_slice::answers answers = what(at.slice);
  if (at.slice.version() != before) at.backups.changed();
  return answers;
}

void parameter_server_state::take(const commit_msg& message, const worker_actor& from,
                                  commit_promise promise) {
  const auto c = *message;
  if (keep_for_later(c.getRun(), c.getSlice(), c.getWorker(), false,
                     [=] { take(message, from, promise); })) {
    return;
  }
  if (const std::string reason = why_not(c); !reason.empty()) {
    promise.deliver(make_refusal(c.getSlice(), c.getSequence(), reason), center_msg());
    return;
  }
  place& at = slices_.at(c.getSlice());
  at.bytes_received += c.getPayload().size();
  auto answers = change(at, [&](center_slice& slice) { return slice.commit(message); });
  center_slice::answer mine = std::move(answers.back());
  answers.pop_back();
  using kind = schema::Verdict::Kind;
  const kind what = (*mine.verdict).getKind();
  if (what == kind::HELD) at.held[c.getWorker()] = from;
  count(at, mine);
  if (what == kind::HELD || what == kind::REFUSED || what == kind::FENCED) {
    promise.deliver(std::move(mine.verdict), std::move(mine.center));
  } else {
    once_kept(at, [promise, mine = std::move(mine)]() mutable {
      promise.deliver(std::move(mine.verdict), std::move(mine.center));
    });
  }
  send(at, std::move(answers));
  after(c.getSlice());
}

void parameter_server_state::send(place& at, center_slice::answers answers) {
  for (center_slice::answer& a : answers) {
    count(at, a);
    const auto held = at.held.find(a.worker);
    if (held == at.held.end()) continue;
    if (held->second) {
      once_kept(at, [this, to = held->second, a = std::move(a)]() mutable {
        self_->send(to, std::move(a.verdict), std::move(a.center));
      });
    }
    at.held.erase(held);
  }
}

void parameter_server_state::count(place& at, const center_slice::answer& answer) {
  if ((*answer.verdict).getKind() == schema::Verdict::Kind::APPLIED) ++at.commits;
  at.bytes_sent += (*answer.center).getPayload().size();
}

load_msg parameter_server_state::load() const {
  wire_builder<schema::Load> out;
  auto list = out->initSlices(static_cast<unsigned>(slices_.size()));
  unsigned i = 0;
  for (const auto& [number, at] : slices_) {
    list[i].setSlice(number);
    list[i].setVersion(at.slice.version());
    list[i].setCommits(at.commits);
    list[i].setBytesReceived(at.bytes_received);
    list[i].setBytesSent(at.bytes_sent);
    ++i;
  }
  out->setQueue(static_cast<std::uint32_t>(self_->mailbox().size()));
  return std::move(out).finish();
}

/// What follows from a slice's new version: rounds are closed for all, pulls are answered, backups
/// are brought up to it.
void parameter_server_state::after(std::uint32_t number) {
  place& at = slices_.at(number);
  tell_peers(at, at.slice.take_closed());
  if (at.captured) {
    if (image_msg image = at.slice.image(at.captured->clock); !image.empty()) {
      at.captured->promise.deliver(std::move(image));
      at.captured.reset();
    }
  }
  for (auto p = at.pulls.begin(); p != at.pulls.end();) {
    center_msg center = at.slice.pull(p->worker, p->version);
    if (center.empty()) {
      ++p;
      continue;
    }
    at.bytes_sent += (*center).getPayload().size();
    once_kept(at, [promise = p->promise, center]() mutable { promise.deliver(center); });
    p = at.pulls.erase(p);
  }
  copy_to_backups(number);
}

caf::result<center_msg> parameter_server_state::pull(const pull_msg& message) {
  auto promise = self_->make_response_promise<center_msg>();
  look_up(message, promise);
  return promise;
}

void parameter_server_state::look_up(const pull_msg& message, pull_promise promise) {
  const auto asked = *message;
  const std::uint32_t number = asked.getSlice(), worker = asked.getWorker();
  if (keep_for_later(asked.getRun(), number, worker, true, [=] { look_up(message, promise); })) {
    return;
  }
  const auto found = slices_.find(number);
  const auto refuse = [&](const std::string& why) {
    promise.deliver(actor_failure(fmt::format("parameter server {}", number_), "pull: " + why));
  };
  if (asked.getRun() != plan_->run || found == slices_.end()) {
    return refuse(fmt::format("slice {} is not here", number));
  }
  if (worker >= plan_->most_workers() && worker != schema::Pull::NOBODY) {
    return refuse(fmt::format("there is no worker {}", worker));
  }
  place& at = found->second;
  center_msg center = at.slice.pull(worker, asked.getVersion());
  if (center.empty()) return at.pulls.push_back({worker, asked.getVersion(), promise});
  at.bytes_sent += (*center).getPayload().size();
  once_kept(at, [promise, center]() mutable { promise.deliver(center); });
}

caf::result<image_msg> parameter_server_state::capture(const schema::Capture::Reader& message) {
  const auto found = slices_.find(message.getSlice());
  if (message.getRun() != plan_->run || found == slices_.end()) {
    throw run_error("capture", fmt::format("slice {} is not here", message.getSlice()));
  }
  image_msg image = found->second.slice.image(message.getClock());
  if (!image.empty()) return image;
  auto promise = self_->make_response_promise<image_msg>();
  found->second.captured = {message.getClock(), promise};
  return promise;
}

caf::result<fenced_msg> parameter_server_state::fence(const schema::Fence::Reader& message) {
  const std::uint32_t worker = message.getWorker();
  if (message.getRun() != plan_->run || worker >= plan_->most_workers()) {
    throw run_error("fence", fmt::format("there is no worker {}", worker));
  }
  std::vector<center_slice::taken> windows;
  std::vector<std::uint32_t> fenced;
  for (auto& [number, at] : slices_) {
    if (number / plan_->group_slices() != plan_->group_of(worker)) continue;
    at.held.erase(worker);
    const auto took = at.slice.fence(worker, message.getIncarnation());
    windows.insert(windows.end(), took.begin(), took.end());
    at.backups.changed();
    fenced.push_back(number);
  }
  wire_builder<schema::Fenced> out;
  out->setWorker(worker);
  out->setIncarnation(message.getIncarnation());
  center_slice::tell(windows, out->initWindows(static_cast<unsigned>(windows.size())));
  auto promise = self_->make_response_promise<fenced_msg>();
  once_all_kept(fenced,
                [promise, answer = std::move(out).finish()]() mutable { promise.deliver(answer); });
  return promise;
}

/// No round can be much further than any slice here is; a message that says so is none of ours.
bool parameter_server_state::is_near(std::uint64_t clock) const {
  return !plan_->in_rounds() || std::all_of(slices_.begin(), slices_.end(), [&](const auto& slice) {
    return clock <= slice.second.slice.clock() + most_rounds_ahead;
  });
}

void parameter_server_state::join(const schema::View::Reader& message) {
  if (message.getRun() != plan_->run || message.getNumber() <= members_.number) return;
  membership now;
  now.number = message.getNumber();
  for (const auto m : message.getMembers()) {
    const bool ascends = now.members.empty() || now.members.back().worker < m.getWorker();
    if (!ascends || m.getWorker() >= plan_->most_workers() || !is_near(m.getFromClock())) return;
    now.members.push_back({m.getWorker(), m.getFromClock()});
  }
  members_ = std::move(now);
  for (auto& [number, at] : slices_) {
    send(at, change(at, [&](center_slice& slice) { return slice.join(members_); }));
    after(number);
  }
  for (const close_msg& early : std::exchange(early_closes_, {})) close(early);
}

void parameter_server_state::close(const close_msg& message) {
  const auto c = *message;
  if (c.getRun() != plan_->run || !plan_->closes_rounds() || !is_near(c.getClock()) ||
      c.getView() <= installed_under_ || c.getAccepted().size() > plan_->most_workers()) {
    return;
  }
  if (c.getView() > members_.number) {
    // It may name a worker that this server does not know yet.
    if (early_closes_.size() < most_rounds_ahead) early_closes_.push_back(message);
    return;
  }
  std::vector<std::uint32_t> accepted;
  for (const std::uint32_t worker : c.getAccepted()) accepted.push_back(worker);
  for (auto& [number, at] : slices_) {
    if (number == 0) continue;  // it decided
    send(at, change(at, [&](center_slice& slice) { return slice.close(c.getClock(), accepted); }));
    after(number);
  }
}

parameter_server_actor::behavior_type parameter_server(parameter_server_state::pointer self,
                                                       std::shared_ptr<const run_plan> plan,
                                                       std::uint32_t number) {
  const std::string who = fmt::format("parameter server {}", number);
  fail_on_exception(self, who);
  self->state.begin(std::move(plan), number);
  return {
      [=](const install_msg& message) {
        return answer<installed_atom>(who, [&] {
          self->state.install(*message);
          return installed_atom::value;
        });
      },
      [=](const lead_msg& message, const std::vector<backup_actor>& servers) {
        return answer<installed_atom>(who, [&] {
          self->state.lead(*message, servers);
          return installed_atom::value;
        });
      },
      [=](const image_msg& message) {
        return answer<installed_atom>(who, [&] {
          self->state.hold(message);
          return installed_atom::value;
        });
      },
      [=](flush_atom) { return self->state.flush(); },
      [=](const commit_msg& message) { return self->state.commit(message); },
      [=](const pull_msg& message) { return self->state.pull(message); },
      [=](const capture_msg& message) {
        return answer<image_msg>(who, [&] { return self->state.capture(*message); });
      },
      [=](const fence_msg& message) {
        return answer<fenced_msg>(who, [&] { return self->state.fence(*message); });
      },
      [=](load_atom) { return self->state.load(); },
      [=](const view_msg& message) { self->state.join(*message); },
      [=](const close_msg& message) { self->state.close(message); },
      [=](const std::vector<round_listener_actor>& peers) { self->state.meet(peers); },
  };
}

}  // namespace troupe
