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

void parameter_server_state::install(const schema::Install::Reader& message) {
  const std::uint32_t slice = message.getSlice();
  if (message.getRun() != plan_->run) throw run_error("install", "it belongs to another run");
  if (slice >= plan_->slice_count()) {
    throw run_error("install", fmt::format("there is no slice {}", slice));
  }
  center_slice installed(plan_, codecs_, message, slice == 0 && plan_->closes_rounds());
  // Nobody is answered any more who asked the one that was here before.
  slices_.erase(slice);
  captures_.erase(slice);
  pulls_.erase(slice);
  held_.erase(held_.lower_bound({slice, 0}), held_.lower_bound({slice + 1, 0}));
  installed_under_ = members_.number;
  const auto made = slices_.emplace(slice, std::move(installed));
  made.first->second.join(members_);
  loads_[slice] = {};
}

std::string parameter_server_state::why_not(const schema::Commit::Reader& message) const {
  if (message.getRun() != plan_->run) return "it belongs to another run";
  if (message.getWorker() >= plan_->setup.workers) {
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
  const auto c = *message;
  if (const std::string reason = why_not(c); !reason.empty()) {
    return {make_refusal(c.getSlice(), c.getSequence(), reason), center_msg()};
  }
  const std::uint32_t slice = c.getSlice();
  loads_[slice].bytes_received += c.getPayload().size();
  auto answers = slices_.at(slice).commit(message);
  center_slice::answer mine = std::move(answers.back());
  answers.pop_back();
  if ((*mine.verdict).getKind() == schema::Verdict::Kind::HELD) {
    held_[{slice, c.getWorker()}] = caf::actor_cast<worker_actor>(self_->current_sender());
  }
  count(slice, mine);
  send(slice, std::move(answers));
  after(slice);
  return {std::move(mine.verdict), std::move(mine.center)};
}

void parameter_server_state::send(std::uint32_t slice, center_slice::answers answers) {
  for (center_slice::answer& a : answers) {
    count(slice, a);
    const auto held = held_.find({slice, a.worker});
    if (held == held_.end()) continue;
    if (held->second) self_->send(held->second, std::move(a.verdict), std::move(a.center));
    held_.erase(held);
  }
}

void parameter_server_state::count(std::uint32_t slice, const center_slice::answer& answer) {
  slice_load& load = loads_[slice];
  if ((*answer.verdict).getKind() == schema::Verdict::Kind::APPLIED) ++load.commits;
  load.bytes_sent += (*answer.center).getPayload().size();
}

load_msg parameter_server_state::load() const {
  wire_builder<schema::Load> out;
  auto list = out->initSlices(static_cast<unsigned>(slices_.size()));
  unsigned i = 0;
  for (const auto& [number, slice] : slices_) {
    const slice_load& load = loads_.at(number);
    list[i].setSlice(number);
    list[i].setVersion(slice.version());
    list[i].setCommits(load.commits);
    list[i].setBytesReceived(load.bytes_received);
    list[i].setBytesSent(load.bytes_sent);
    ++i;
  }
  return std::move(out).finish();
}

/// What follows from a slice's new version: rounds are closed for all, pulls are answered.
void parameter_server_state::after(std::uint32_t slice) {
  center_slice& at = slices_.at(slice);
  for (const auto& [clock, accepted] : at.take_closed()) {
    wire_builder<schema::Close> out;
    out->setRun(plan_->run);
    out->setClock(clock);
    out->setView(members_.number);
    auto list = out->initAccepted(static_cast<unsigned>(accepted.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, accepted[i]);
    const close_msg message = std::move(out).finish();
    for (const round_listener_actor& peer : peers_) self_->send(peer, message);
  }
  if (const auto asked = captures_.find(slice); asked != captures_.end()) {
    if (image_msg image = at.image(asked->second.clock); !image.empty()) {
      asked->second.promise.deliver(std::move(image));
      captures_.erase(asked);
    }
  }
  const auto waiting = pulls_.find(slice);
  if (waiting == pulls_.end()) return;
  auto& pulls = waiting->second;
  for (auto p = pulls.begin(); p != pulls.end();) {
    center_msg center = at.pull(p->worker, p->version);
    if (center.empty()) {
      ++p;
      continue;
    }
    loads_[slice].bytes_sent += (*center).getPayload().size();
    p->promise.deliver(std::move(center));
    p = pulls.erase(p);
  }
}

caf::result<center_msg> parameter_server_state::pull(const schema::Pull::Reader& message) {
  const auto found = slices_.find(message.getSlice());
  if (message.getRun() != plan_->run || found == slices_.end()) {
    throw run_error("pull", fmt::format("slice {} is not here", message.getSlice()));
  }
  const std::uint32_t worker = message.getWorker();
  if (worker >= plan_->setup.workers && worker != schema::Pull::NOBODY) {
    throw run_error("pull", fmt::format("there is no worker {}", worker));
  }
  center_msg center = found->second.pull(worker, message.getVersion());
  if (!center.empty()) {
    loads_[message.getSlice()].bytes_sent += (*center).getPayload().size();
    return center;
  }
  auto promise = self_->make_response_promise<center_msg>();
  pulls_[message.getSlice()].push_back({worker, message.getVersion(), promise});
  return promise;
}

caf::result<image_msg> parameter_server_state::capture(const schema::Capture::Reader& message) {
  const auto found = slices_.find(message.getSlice());
  if (message.getRun() != plan_->run || found == slices_.end()) {
    throw run_error("capture", fmt::format("slice {} is not here", message.getSlice()));
  }
  image_msg image = found->second.image(message.getClock());
  if (!image.empty()) return image;
  auto promise = self_->make_response_promise<image_msg>();
  captures_[message.getSlice()] = {message.getClock(), promise};
  return promise;
}

fenced_msg parameter_server_state::fence(const schema::Fence::Reader& message) {
  const std::uint32_t worker = message.getWorker();
  if (message.getRun() != plan_->run || worker >= plan_->setup.workers) {
    throw run_error("fence", fmt::format("there is no worker {}", worker));
  }
  std::vector<center_slice::taken> windows;
  for (auto& [number, slice] : slices_) {
    if (number / plan_->group_slices() != plan_->group_of(worker)) continue;
    held_.erase({number, worker});
    const auto took = slice.fence(worker, message.getIncarnation());
    windows.insert(windows.end(), took.begin(), took.end());
  }
  wire_builder<schema::Fenced> out;
  out->setWorker(worker);
  out->setIncarnation(message.getIncarnation());
  center_slice::tell(windows, out->initWindows(static_cast<unsigned>(windows.size())));
  return std::move(out).finish();
}

/// No round can be much further than any slice here is; a message that says so is none of ours.
bool parameter_server_state::is_near(std::uint64_t clock) const {
  return !plan_->in_rounds() || std::all_of(slices_.begin(), slices_.end(), [&](const auto& slice) {
    return clock <= slice.second.clock() + most_rounds_ahead;
  });
}

void parameter_server_state::join(const schema::View::Reader& message) {
  if (message.getRun() != plan_->run || message.getNumber() <= members_.number) return;
  membership now;
  now.number = message.getNumber();
  for (const auto m : message.getMembers()) {
    const bool ascends = now.members.empty() || now.members.back().worker < m.getWorker();
    if (!ascends || m.getWorker() >= plan_->setup.workers || !is_near(m.getFromClock())) return;
    now.members.push_back({m.getWorker(), m.getFromClock()});
  }
  members_ = std::move(now);
  for (auto& [number, slice] : slices_) {
    send(number, slice.join(members_));
    after(number);
  }
  for (const close_msg& early : std::exchange(early_closes_, {})) close(early);
}

void parameter_server_state::close(const close_msg& message) {
  const auto c = *message;
  if (c.getRun() != plan_->run || !plan_->closes_rounds() || !is_near(c.getClock()) ||
      c.getView() <= installed_under_ || c.getAccepted().size() > plan_->setup.workers) {
    return;
  }
  if (c.getView() > members_.number) {
    // It may name a worker that this server does not know yet.
    if (early_closes_.size() < most_rounds_ahead) early_closes_.push_back(message);
    return;
  }
  std::vector<std::uint32_t> accepted;
  for (const std::uint32_t worker : c.getAccepted()) accepted.push_back(worker);
  for (auto& [number, slice] : slices_) {
    if (number == 0) continue;  // it decided
    send(number, slice.close(c.getClock(), accepted));
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
      [=](const commit_msg& message) { return self->state.commit(message); },
      [=](const pull_msg& message) -> caf::result<center_msg> {
        try {
          return self->state.pull(*message);
        } catch (const error& e) {
          return actor_failure(who, e.what());
        }
      },
      [=](const capture_msg& message) -> caf::result<image_msg> {
        try {
          return self->state.capture(*message);
        } catch (const error& e) {
          return actor_failure(who, e.what());
        }
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
