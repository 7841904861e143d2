#include "troupe/actors/parameter_server.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>

#include "troupe/actors/configure.hpp"
#include "troupe/optimizers/slices.hpp"

namespace troupe {

void parameter_server_state::install(const schema::Install::Reader& message) {
  const std::uint32_t slice = message.getSlice();
  if (message.getRun() != plan->run) throw run_error("install", "it belongs to another run");
  if (slice >= plan->slice_count()) {
    throw run_error("install", fmt::format("there is no slice {}", slice));
  }
  const slice_range range = plan->range_of(slice);
  if (message.getPayload().size() != range.count * sizeof(float)) {
    throw run_error("install", fmt::format("slice {} has {} numbers, not {} bytes", slice,
                                           range.count, message.getPayload().size()));
  }
  const bool statistics = plan->is_statistics(slice);
  auto half = statistics ? make_statistics_server(plan->model.statistics_decay)
                         : plan->protocol.make_server(plan->setup, range);
  slices.erase(slice);
  slices.emplace(slice, center_slice(range, std::move(half),
                                     plan->protocol.answers_before && !statistics,
                                     message.getVersion(), floats_of(message.getPayload())));
}

center_slice::answer parameter_server_state::commit(const schema::Commit::Reader& message) {
  auto refuse = [&](const std::string& reason) -> center_slice::answer {
    return {make_refusal(message.getSlice(), message.getSequence(), reason), {}};
  };
  if (message.getRun() != plan->run) return refuse("it belongs to another run");
  if (message.getWorker() >= plan->setup.workers) {
    return refuse(fmt::format("there is no worker {}", message.getWorker()));
  }
  const auto found = slices.find(message.getSlice());
  if (found == slices.end()) {
    return refuse(fmt::format("slice {} is not at server {}", message.getSlice(), number));
  }
  return found->second.commit(message);
}

center_msg parameter_server_state::pull(const schema::Pull::Reader& message) const {
  const auto found = slices.find(message.getSlice());
  if (message.getRun() != plan->run || found == slices.end()) {
    throw run_error("pull", fmt::format("slice {} is not here", message.getSlice()));
  }
  return found->second.center();
}

parameter_server_actor::behavior_type parameter_server(
    parameter_server_actor::stateful_pointer<parameter_server_state> self,
    std::shared_ptr<const run_plan> plan, std::uint32_t number) {
  const std::string who = fmt::format("parameter server {}", number);
  fail_on_exception(self, who);
  self->state.plan = std::move(plan);
  self->state.number = number;
  return {
      [=](const install_msg& message) {
        return answer<installed_atom>(who, [&] {
          self->state.install(*message);
          return installed_atom::value;
        });
      },
      [=](const commit_msg& message) -> caf::result<verdict_msg, center_msg> {
        auto answer = self->state.commit(*message);
        return {std::move(answer.verdict), std::move(answer.center)};
      },
      [=](const pull_msg& message) {
        return answer<center_msg>(who, [&] { return self->state.pull(*message); });
      },
  };
}

}  // namespace troupe
