#include "troupe/actors/data_shard.hpp"

#include <fmt/format.h>

#include <caf/all.hpp>
#include <numeric>

#include "troupe/actors/configure.hpp"

namespace troupe {

std::vector<std::uint64_t> cut_shards(std::uint64_t rows, std::uint32_t shards) {
  std::vector<std::uint64_t> first;
  for (std::uint32_t i = 0; i < shards; ++i) first.push_back(rows * i / shards);
  return first;
}

position_range rows_of_shard(const run_plan& plan, std::uint32_t shard) {
  const auto first = cut_shards(plan.rows_per_epoch, plan.of.actors.data_shards);
  return {first[shard], shard + 1 < first.size() ? first[shard + 1] : plan.rows_per_epoch};
}

rows_msg data_shard_state::fetch(const schema::Fetch::Reader& message) {
  const std::uint64_t first = message.getFirst(), last = message.getLast();
  if (message.getRun() != plan->run || first > last || message.getGroup() >= plan->groups ||
      last > plan->group_rows(message.getGroup())) {
    throw run_error(
        "fetch", fmt::format("positions {} to {} of {} rows", first, last, plan->rows_per_epoch));
  }
  const epoch_order order = plan->order_of(message.getEpoch(), message.getGroup());
  wanted.clear();
  for (std::uint64_t position = first; position < last; ++position) {
    const std::uint64_t row = order.row(position);
    if (row >= owned.first && row < owned.last) wanted.push_back(row - base);
  }
  return make(message.getEpoch(), {first, last});
}

rows_msg data_shard_state::copy(const schema::Copy::Reader& message) {
  const std::uint64_t first = message.getFirst(), last = message.getLast();
  if (message.getRun() != plan->run || first > last || first < owned.first || last > owned.last) {
    throw run_error("copy", fmt::format("rows {} to {} are not here", first, last));
  }
  wanted.resize(last - first);
  std::iota(wanted.begin(), wanted.end(), first - base);
  return make(0, {first, last});
}

/// A message of the rows `wanted`.
rows_msg data_shard_state::make(std::uint32_t epoch, const position_range& range) const {
  wire_builder<schema::Rows> out;
  out->setEpoch(epoch);
  out->setFirst(range.first);
  out->setLast(range.last);
  out->setRows(static_cast<std::uint32_t>(wanted.size()));
  out->setType(static_cast<schema::ElementType>(rows->type));
  const auto features = out.bytes(wanted.size() * rows->row_bytes(),
                                  [&](auto&& data) { out->adoptFeatures(kj::mv(data)); });
  const auto labels = out.floats(wanted.size() * rows->label_width,
                                 [&](auto&& data) { out->adoptLabels(kj::mv(data)); });
  gather(*rows, wanted, features.data(), labels.data());
  return std::move(out).finish();
}

data_shard_actor::behavior_type data_shard(
    data_shard_actor::stateful_pointer<data_shard_state> self, std::shared_ptr<const run_plan> plan,
    std::shared_ptr<const dataset> rows, position_range owned, std::uint64_t base) {
  const std::string who = fmt::format("data shard of rows {} to {}", owned.first, owned.last);
  fail_on_exception(self, who);
  self->state.plan = std::move(plan);
  self->state.rows = std::move(rows);
  self->state.owned = owned;
  self->state.base = base;
  return {
      [=](const fetch_msg& message) {
        return answer<rows_msg>(who, [&] { return self->state.fetch(*message); });
      },
      [=](const copy_msg& message) {
        return answer<rows_msg>(who, [&] { return self->state.copy(*message); });
      },
  };
}

}  // namespace troupe
